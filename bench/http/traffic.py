"""Which pages and products are asked for: every page of the list by its cursors, and products drawn from them; and the
proof that all targets answer the same.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

from bench.http.load import Traffic

SEED = 20261122
COMPARED_EVERY = 53
DRAWN = 2000


class AnswersDiffer(RuntimeError):
    """Two targets do not give the same answer; their rates must not be compared."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that lists and gets products."""

    base_url: str
    path: str
    tokens: Sequence[str] = ("none",)

    def headers(self, number: int) -> dict[str, str]:
        """The head of a request; the tokens take turns, so that no member meets the limit of requests."""
        return {"Authorization": f"Bearer {self.tokens[number % len(self.tokens)]}"}


@dataclass(slots=True)
class Walk:
    """The pages of a target in order: their paths, the ids on them, and some of their items in full."""

    paths: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    samples: dict[int, list[dict[str, object]]] = field(default_factory=dict)


def walk(target: Target, *, pages: int) -> Walk:
    """Follow the cursors from the first page on, over at most so many pages."""
    found = Walk()
    path = target.path
    with httpx.Client(base_url=target.base_url, timeout=30) as client:
        while len(found.paths) < pages:
            answer = client.get(path, headers=target.headers(len(found.paths)))
            answer.raise_for_status()
            body = answer.json()
            if len(found.paths) % COMPARED_EVERY == 0:
                found.samples[len(found.paths)] = body["items"]
            found.paths.append(path)
            found.ids += [item["id"] for item in body["items"]]
            if body["next_cursor"] is None:
                break
            path = f"{target.path}?{urlencode({'cursor': body['next_cursor']})}"
    return found


def list_traffic(target: Target, found: Walk) -> Traffic:
    """All pages of a walk, shuffled."""
    paths = list(found.paths)
    random.Random(SEED).shuffle(paths)
    return Traffic(target.base_url, paths, target.tokens)


def single_traffic(target: Target, found: Walk) -> Traffic:
    """Products drawn from a walk; the same ones for every target with the same ids."""
    drawn = random.Random(SEED).choices(found.ids, k=DRAWN)
    return Traffic(target.base_url, [f"{target.path}/{product_id}" for product_id in drawn], target.tokens)


def refuse_different_answers(targets: Mapping[str, Target], walks: Mapping[str, Walk]) -> int:
    """Compare every target's answers with the first one's; answers how many bodies were compared."""
    (first, model), *others = walks.items()
    compared = 0
    for name, found in others:
        if found.ids != model.ids:
            raise AnswersDiffer(f"{name} lists other products than {first}, or in another order")
        for number, items in model.samples.items():
            _refuse_unequal(items, found.samples[number], f"page {number} of {first} and {name}")
            compared += 1
        some = model.ids[:: max(1, len(model.ids) // 50)]
        singles = zip(some, *(_get(targets[which], some) for which in (first, name)), strict=True)
        for product_id, one, other in singles:
            _refuse_unequal([one], [other], f"product {product_id} of {first} and {name}")
            compared += 1
    return compared


def _get(target: Target, product_ids: Sequence[str]) -> list[dict[str, object]]:
    with httpx.Client(base_url=target.base_url, timeout=30) as client:
        answers = [
            client.get(f"{target.path}/{product_id}", headers=target.headers(number))
            for number, product_id in enumerate(product_ids)
        ]
    return [answer.raise_for_status().json() for answer in answers]


def _refuse_unequal(ours: Sequence[dict[str, object]], theirs: Sequence[dict[str, object]], where: str) -> None:
    for one, other in zip(ours, theirs, strict=True):
        for name in {*one, *other}:
            if name not in one or name not in other or one[name] != other[name]:
                raise AnswersDiffer(f"{where}: {name} is {one.get(name)!r} and {other.get(name)!r}")
