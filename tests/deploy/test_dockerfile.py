"""The image: two stages, production requirements only, not root, everything that it copies exists."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploy import dockerfile
from tests.deploy.dockerfile import Instruction

ROOT = Path(__file__).resolve().parents[2]
STAGES = dockerfile.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))
FINAL = STAGES[-1]


def only(word: str) -> Instruction:
    (instruction,) = [instruction for instruction in FINAL if instruction.word == word]
    return instruction


def copied_from_checkout() -> list[str]:
    copies = [step.rest.split() for stage in STAGES for step in stage if step.word == "COPY"]
    return [source for words in copies if not words[0].startswith("--") for source in words[:-1]]


def test_the_parser_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="unknown instruction"):
        dockerfile.parse("FROM scratch\nINSTALL everything\n")


def test_two_stages_share_one_python():
    assert [stage[0].rest for stage in STAGES] == ["python:3.11-slim AS build", "python:3.11-slim"]


def test_the_process_is_not_root():
    user = only("USER").rest
    position = {step.word: number for number, step in enumerate(FINAL)}

    assert user == "10001:10001"
    assert position["USER"] < position["CMD"]
    assert position["USER"] > max(number for number, step in enumerate(FINAL) if step.word in {"RUN", "COPY"})


def test_only_production_requirements_are_installed():
    installs = [step.rest for stage in STAGES for step in stage if "pip install" in step.rest]

    assert installs == ["pip install --requirement requirements.txt"]


def test_everything_that_is_copied_exists_and_passes_the_ignore_file():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert copied_from_checkout() == ["requirements.txt", "main.py", "alembic.ini", "alembic", "app"]
    for source in copied_from_checkout():
        assert (ROOT / source).exists()
        verdicts = [rule for rule in rules if fnmatch(source, rule.removeprefix("!"))]
        assert verdicts[-1].startswith("!")


@pytest.mark.parametrize("secret", [".env", ".git", ".data", ".venv", "tests"])
def test_what_the_image_does_not_need_never_reaches_the_builder(secret: str):
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert "*" in lines
    assert f"!{secret}" not in lines


def test_command_and_health_check_need_no_shell():
    assert only("CMD").exec_form[0] == "uvicorn"
    check = only("HEALTHCHECK").rest.partition("CMD ")[2]
    assert dockerfile.Instruction("CMD", check).exec_form[0] == "python"
