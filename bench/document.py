"""Results as Markdown: tables, sections, and docs/performance.md, of which a run replaces only what it measured."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
PREAMBLE = """# Performance

Written by `make bench` (`python -m bench`); do not edit by hand. Ratios compare two ways of doing the same work in the
same run on the same machine, in interleaved rounds; a ratio is the median of the ratios round by round. Absolute
numbers of different days or machines say nothing. Load generator, servers and measured process share the machine.
"""


@dataclass(frozen=True, slots=True)
class Gate:
    """A promise about a ratio (at least) or a size (at most), and what was measured."""

    words: str
    measured: float
    limit: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    @property
    def row(self) -> tuple[str, ...]:
        sign = "≤" if self.at_most else "≥"
        return self.words, f"{sign} {self.limit:g}", f"{self.measured:.2f}", "yes" if self.holds else "**no**"


@dataclass(frozen=True, slots=True)
class Section:
    """What one suite found: its gates, its tables, and how it was measured."""

    title: str
    gates: Sequence[Gate]
    body: str

    def to_markdown(self, footer: str) -> str:
        gates = table(("gate", "wanted", "measured", "holds"), [gate.row for gate in self.gates])
        return f"## {self.title}\n\n{gates}\n\n{self.body.strip()}\n\n{footer}\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers and stand right."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def write(sections: Sequence[Section], footer: str, path: Path = DOCUMENT) -> None:
    """Put the sections into the document; those of suites that did not run stay as they are."""
    kept = _sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept |= {section.title: section.to_markdown(footer) for section in sections}
    path.write_text("\n".join([PREAMBLE, *kept.values()]), encoding="utf-8")


def _sections_of(text: str) -> dict[str, str]:
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}
