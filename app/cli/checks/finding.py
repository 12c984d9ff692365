"""One thing the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only FAIL means that the installation cannot work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about the installation; anything but OK says what to do."""

    level: Level
    topic: str
    text: str


def ok(topic: str, text: str) -> Finding:
    return Finding(Level.OK, topic, text)


def warn(topic: str, text: str) -> Finding:
    return Finding(Level.WARN, topic, text)


def fail(topic: str, text: str) -> Finding:
    return Finding(Level.FAIL, topic, text)
