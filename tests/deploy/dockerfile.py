"""A parser for as much of the Dockerfile format as our own file uses; it refuses what it does not know."""

import json
import re
from dataclasses import dataclass

INSTRUCTIONS = frozenset({"FROM", "ENV", "RUN", "COPY", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "CMD"})


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str

    @property
    def exec_form(self) -> list[str]:
        """The words of `["a", "b"]`; raises on the shell form."""
        return json.loads(self.rest)


def parse(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, FROM first."""
    stages: list[list[Instruction]] = []
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.partition(" ")
        if word not in INSTRUCTIONS:
            raise ValueError(f"unknown instruction: {line}")
        if word == "FROM":
            stages.append([])
        stages[-1].append(Instruction(word, rest.strip()))
    return stages
