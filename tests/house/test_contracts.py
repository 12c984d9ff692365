"""Every import contract is broken once, in a copy of the tree, so that none of them is only decoration."""

import configparser
import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / ".importlinter"

BrokenBy = Callable[[dict[str, str]], set[str]]


def contract_names() -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(CONTRACTS, encoding="utf-8")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): parser[section]["name"]
        for section in parser.sections()
        if section.startswith(prefix)
    }


NAMES = contract_names()
FEATURES = sorted(key.removeprefix("inside-") for key in NAMES if key.startswith("inside-"))

# contract -> planted files; a file that exists is appended to
VIOLATIONS: list[tuple[str, dict[str, str]]] = [
    ("floors", {"app/core/ids.py": "from app import models"}),
    ("floors", {"app/planted_floor.py": ""}),
    ("floors", {"app/supervisor/__init__.py": "from app.queue import planted", "app/queue/planted.py": ""}),
    ("vendors", {"app/integrations/planted/client.py": "import sqlalchemy"}),
    ("vendors", {"app/integrations/planted/client.py": "import app.core.ids", "app/core/ids.py": "import sqlalchemy"}),
    ("vendors", {"app/integrations/planted/client.py": "import app.queue.planted", "app/queue/planted.py": ""}),
    (
        "vendors-apart",
        {"app/integrations/ebay/a.py": "import app.integrations.etsy.b", "app/integrations/etsy/b.py": ""},
    ),
    (
        "vendors-apart",
        {"app/integrations/http/client.py": "import app.integrations.etsy.b", "app/integrations/etsy/b.py": ""},
    ),
    ("vendors-apart", {"app/integrations/planted_vendor/__init__.py": ""}),
    ("one-client", {"app/integrations/http/planted.py": ""}),
    ("one-client", {"app/integrations/http/urls.py": "from app.integrations.http import client"}),
    ("routers", {"app/planted/router.py": "from app.planted import repository", "app/planted/repository.py": ""}),
    ("routers", {"app/planted/router.py": "from sqlalchemy import select"}),
    ("sandbox", {"app/sandbox/planted.py": "from app.core import database"}),
    ("sandbox", {"app/sandbox/planted.py": "from app.integrations import mapping", "app/integrations/mapping.py": ""}),
    ("supervisor", {"app/supervisor/planted.py": "from app.sandbox import goods"}),
    ("system-role", {"app/planted.py": "from app.core import system_session"}),
    ("jose", {"app/core/planted.py": "from jose import jwt"}),
    *[(f"inside-{feature}", {f"app/{feature}/helpers.py": ""}) for feature in FEATURES],
    *[
        (
            f"inside-{feature}",
            {f"app/{feature}/errors.py": f"import app.{feature}.models", f"app/{feature}/models.py": ""},
        )
        for feature in FEATURES
    ],
]


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def broken_by(clean_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrokenBy:
    """Plants files in a fresh copy of the tree and returns the names of the contracts that lint-imports then breaks."""

    def plant_and_lint(files: dict[str, str]) -> set[str]:
        tree = tmp_path / "tree"
        shutil.copytree(clean_copy, tree)
        for relative, line in files.items():
            path = tree / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            _complete_package(path.parent, tree)
            with path.open("a", encoding="utf-8") as stream:
                stream.write(f"\n{line}\n")
        # The linter finds the package by name: the copy has to win over the checkout that runs this test.
        monkeypatch.delitem(sys.modules, "app", raising=False)
        monkeypatch.syspath_prepend(tree)
        importlib.invalidate_caches()
        report = use_cases.create_report(_options(), cache_dir=None)
        assert not report.invalid_contract_options
        return {contract.name for contract, check in report.get_contracts_and_checks() if not check.kept}

    return plant_and_lint


def _options() -> use_cases.UserOptions:
    configuration.configure()
    options = use_cases.read_user_options(str(CONTRACTS))
    use_cases._register_contract_types(options)
    return options


def _complete_package(folder: Path, tree: Path) -> None:
    while folder != tree:
        (folder / "__init__.py").touch()
        folder = folder.parent


def test_the_tree_as_it_is_keeps_every_contract(broken_by: BrokenBy):
    assert broken_by({}) == set()


def test_every_contract_has_a_planted_violation():
    assert {contract for contract, _ in VIOLATIONS} == set(NAMES)


def test_every_feature_has_a_contract_for_its_inside():
    features = {path.parent.name for path in (ROOT / "app").glob("*/router.py")}

    assert features <= set(FEATURES)


def test_every_file_of_routes_is_under_the_contract_of_routers():
    routers = {path for path in (ROOT / "app").glob("*/*router.py") if path.name != "router.py"}
    listed = CONTRACTS.read_text(encoding="utf-8").partition("[importlinter:contract:routers]")[2]

    for path in routers:
        assert f"    app.{path.parent.name}.{path.stem}\n" in listed.partition("forbidden_modules")[0]


@pytest.mark.parametrize(
    ("contract", "files"), VIOLATIONS, ids=[f"{contract}-{number}" for number, (contract, _) in enumerate(VIOLATIONS)]
)
def test_a_planted_violation_breaks_the_contract(contract: str, files: dict[str, str], broken_by: BrokenBy):
    assert NAMES[contract] in broken_by(files)
