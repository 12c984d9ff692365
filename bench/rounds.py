"""Interleaved rounds: every target is measured in every round in shuffled order, so that ratios come from the same
minutes and the noise of the machine falls on all alike.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TypeVar

T = TypeVar("T")


def interleave(
    targets: Mapping[str, Callable[[], T]], *, rounds: int, say: Callable[[str], None] = lambda _: None
) -> dict[str, list[T]]:
    """The results of every target, one per round, in the order of the targets."""
    results: dict[str, list[T]] = {name: [] for name in targets}
    for number in range(rounds):
        order = list(targets)
        random.Random(number).shuffle(order)
        for name in order:
            say(f"round {number + 1} of {rounds}: {name}")
            results[name].append(targets[name]())
    return results


def ratio(measured: Sequence[float], baseline: Sequence[float]) -> float:
    """How many times the baseline: the median of the ratios round by round."""
    return median(ours / theirs for ours, theirs in zip(measured, baseline, strict=True))


def spread(values: Sequence[float]) -> str:
    """The smallest and the largest value."""
    return f"{min(values):,.0f}-{max(values):,.0f}"
