"""What the documents say about the tree is true: links lead somewhere, floors and decisions are all named."""

import configparser
import re
from pathlib import Path

import pytest

from tests.docs.console import Step, steps_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def floors() -> set[str]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return set(re.findall(r"\w+", parser["importlinter:contract:floors"]["layers"]))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_tree_leads_somewhere(document: Path):
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_architecture_names_every_floor():
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}

    assert named == floors()


def test_every_decision_is_in_the_list_and_has_the_four_parts():
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

    assert len(records) >= 5
    for number, record in enumerate(records, start=1):
        text = record.read_text(encoding="utf-8")
        assert record.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert f"({record.name})" in listed
        for part in ("Context", "Decision", "Consequences", "Alternatives"):
            assert f"**{part}.**" in text


def test_shown_output_matches_with_gaps_only_where_it_says_so():
    step = Step("anything", '{…"sku":"MUG-1"…}\n')

    assert step.is_met_by('{"id":"1","sku":"MUG-1","title":"Mug"}\n')
    assert not step.is_met_by('{"id":"1","sku":"MUG-2","title":"Mug"}\n')
    assert not step.is_met_by('problem: "sku":"MUG-1"')


def test_the_readme_shows_commands_that_a_test_can_run():
    steps = steps_of(ROOT / "README.md")

    assert len(steps) >= 10
    assert steps[0].command.startswith("API=${API:-")
