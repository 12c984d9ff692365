"""Named places where a test may kill the process: FAULT_AT=`name`, `name:n` (at the n-th pass) or `name:n:group` (with
the whole process group). Free of effect when the setting is empty, and in production.
"""

import os
import signal
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.core.config import get_settings

Seam = Literal[
    "after_claim",
    "before_checkpoint",
    "after_checkpoint",
    "before_finish",
    "after_finish",
    "relay_before_publish",
    "relay_after_publish",
    "relay_before_mark",
    "tick_before_commit",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """Where to die, at which pass, and whether the process group dies too."""

    name: str
    at_pass: int = 1
    group: bool = False


_passes: Counter[str] = Counter()


def parse(spec: str) -> Fault | None:
    """Read FAULT_AT; empty means no fault."""
    name, _, rest = spec.partition(":")
    number, _, group = rest.partition(":")
    return Fault(name, int(number or 1), group == "group") if name else None


@lru_cache
def _planned() -> Fault | None:
    settings = get_settings()
    return None if settings.is_production else parse(settings.fault_at)


def seam(name: str) -> None:
    """Die here by SIGKILL if FAULT_AT says so. Features may add names of their own."""
    fault = _planned()
    if fault is None or fault.name != name:
        return
    _passes[name] += 1
    if _passes[name] == fault.at_pass:
        if fault.group:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
