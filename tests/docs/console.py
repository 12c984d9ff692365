"""Reads the ```console blocks of a document: `$ ` opens a command, the rest is its output, … stands for anything."""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    command: str
    output: str

    def is_met_by(self, printed: str) -> bool:
        """Whether what a command printed is what the document shows; nothing shown means anything printed is fine."""
        pattern = ".*".join(re.escape(part) for part in self.output.strip().split("…"))
        return not self.output or re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def steps_of(document: Path) -> list[Step]:
    """The commands of all blocks of a document, in order; a later one may use the variables of an earlier one."""
    steps: list[Step] = []
    for block in BLOCK.findall(document.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line.removeprefix("$ "), ""))
            else:
                steps[-1] = Step(steps[-1].command, f"{steps[-1].output}{line}\n")
    return steps
