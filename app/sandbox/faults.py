"""Faults on demand: which calls they hit, how often, and what they do. Carried out by wire.py (transport) and by the
vendors (tokens that expire, lists that repeat, loop, shrink, hold goods twice or drift).
"""

from fnmatch import fnmatchcase
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "status",
    "slow",
    "drip",
    "hang",
    "cut",
    "drop",
    "malformed",
    "html",
    "soft",
    "expired",
    "repeat",
    "loop",
    "shrink",
    "duplicate",
    "drift",
]
LIST_KINDS: frozenset[Kind] = frozenset({"repeat", "loop", "shrink", "duplicate", "drift"})
# What the vendor itself has to do; the rest happens on the way to it or back.
VENDOR_KINDS: frozenset[Kind] = LIST_KINDS | {"expired"}


class FaultWanted(BaseModel):
    """A fault as it is asked for.

    status: answers `status` (with `retry_after`). slow: answers after `seconds`. drip: sends the body bit by bit, each
    after `seconds`. hang: never answers. cut: closes the connection after half of the body. drop: does what is asked,
    then closes the connection before anything of the answer. malformed: half of the body as if it were all. html: a
    page instead of data. soft: the vendor's error in a 200, where it has such. expired: the vendor refuses the token or
    key of the call; a token really is over. repeat: every page of a list is its first. loop: the list begins anew where
    it ends. shrink: `amount` goods vanish from the front of the list with every call. duplicate: each list begins with
    `amount` goods twice. drift: price and stock of `amount` goods change with every call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str = Field(default="*", max_length=40)
    path: str = Field(default="*", max_length=300, description="Pattern of the path behind the vendor's prefix.")
    method: str = Field(default="*", max_length=10)
    kind: Kind
    rate: float = Field(default=1.0, gt=0, le=1, description="Share of the calls that are hit.")
    times: int | None = Field(default=None, ge=1, description="After so many hits it is over.")
    after: int = Field(default=0, ge=0, description="So many calls are let through first.")
    status: int = Field(default=503, ge=300, le=599)
    retry_after: str | None = Field(default=None, max_length=100)
    seconds: float = Field(default=1.0, ge=0, le=600)
    amount: int = Field(default=1, ge=1, le=10_000)


class Fault(FaultWanted):
    """A fault that is set: its number, and how often it was met and hit."""

    model_config = ConfigDict(extra="forbid", frozen=False)

    number: int
    met: int = 0
    hits: int = 0

    def hit(self, vendor: str, method: str, path: str, draw: Random) -> bool:
        """Whether it hits this call; counts."""
        is_meant = self.vendor in {"*", vendor} and self.method.upper() in {"*", method}
        if not (is_meant and fnmatchcase(path, self.path)) or (self.times is not None and self.hits >= self.times):
            return False
        self.met += 1
        if self.met <= self.after or draw.random() >= self.rate:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults that are set. The same seed hits the same calls."""

    def __init__(self, seed: int) -> None:
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Forget all faults and begin the dice anew."""
        self.all: list[Fault] = []
        self._draw = Random(seed)  # noqa: S311 - faults must repeat; nothing here is a secret
        self._numbers = 0

    def add(self, wanted: FaultWanted) -> Fault:
        """Set a fault."""
        self._numbers += 1
        fault = Fault(number=self._numbers, **wanted.model_dump())
        self.all.append(fault)
        return fault

    def remove(self, number: int) -> bool:
        """Take a fault away; False if there is none of that number."""
        before = len(self.all)
        self.all = [fault for fault in self.all if fault.number != number]
        return len(self.all) < before

    def on_the_wire(self, vendor: str, method: str, path: str) -> Fault | None:
        """The fault of transport that hits this call, if one does."""
        wire = (fault for fault in self.all if fault.kind not in VENDOR_KINDS)
        return next((fault for fault in wire if fault.hit(vendor, method, path, self._draw)), None)

    def has_expired(self, vendor: str, method: str, path: str) -> bool:
        """Whether the vendor has to refuse the token of this call."""
        ended = [fault for fault in self.all if fault.kind == "expired"]
        return any(fault.hit(vendor, method, path, self._draw) for fault in ended)

    def in_the_list(self, vendor: str, method: str, path: str) -> list[Fault]:
        """The faults of lists that hit this call."""
        lists = [fault for fault in self.all if fault.kind in LIST_KINDS]
        return [fault for fault in lists if fault.hit(vendor, method, path, self._draw)]
