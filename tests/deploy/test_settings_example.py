"""The example file of settings names every setting, nothing else, and every default as it is."""

import importlib
import re
from pathlib import Path

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

import app.core.config
from app.core.config import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"


def settings_classes() -> set[type[BaseSettings]]:
    for path in (ROOT / "app").rglob("settings.py"):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found: set[type[BaseSettings]] = set()
    waiting = BaseSettings.__subclasses__()
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith("app."):
            found.add(cls)
    return found


def variables(cls: type[BaseSettings]) -> set[str]:
    prefix = cls.model_config.get("env_prefix", "")
    names = set()
    for name, field in cls.model_fields.items():
        alias = field.validation_alias
        first = alias.choices[0] if isinstance(alias, AliasChoices) else alias or f"{prefix}{name}"
        names.add(str(first).upper())
    return names


def example_values() -> dict[str, str]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def compose_variables() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def test_the_settings_class_is_found():
    assert app.core.config.Settings in settings_classes()


def test_every_setting_stands_in_the_example():
    expected = set().union(*(variables(cls) for cls in settings_classes()))

    assert expected - example_values().keys() == set()


def test_every_line_of_the_example_is_read_by_somebody():
    known = set().union(*(variables(cls) for cls in settings_classes())) | compose_variables()

    assert example_values().keys() - known == set()


def test_every_variable_that_compose_asks_for_stands_in_the_example():
    assert compose_variables() - example_values().keys() == set()


def test_the_example_copied_as_it_is_changes_no_default(monkeypatch):
    for name in example_values():
        monkeypatch.delenv(name, raising=False)

    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_every_setting_or_group_of_settings_is_explained():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    groups = [paragraph.split("\n") for paragraph in "\n".join(lines).split("\n\n")]

    assert all(group[0].startswith("#") for group in groups)
