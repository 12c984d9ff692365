"""Idempotency-Key over the wire: one effect, the same bytes again, and nothing kept that must not be."""

import asyncio

import httpx
import pytest

from app.core.ids import new_id
from tests.conftest import MakeSeller, Seller


def headers(seller: Seller, key: str | None = None) -> dict[str, str]:
    return seller.headers | {"Idempotency-Key": key or new_id().hex}


async def test_answers_the_same_bytes_again(probe: httpx.AsyncClient, seller: Seller) -> None:
    sent = headers(seller)
    first = await probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent)
    again = await probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent)
    assert (first.status_code, first.json()) == (201, {"name": "a"})
    assert (again.status_code, again.content, again.headers["location"]) == (201, first.content, "/things/1")
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


async def test_refuses_another_body_under_the_same_key(probe: httpx.AsyncClient, seller: Seller) -> None:
    sent = headers(seller)
    await probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent)
    answer = await probe.post("/api/v1/things/once", json={"name": "b"}, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_keeps_no_refusal_of_wrong_fields(probe: httpx.AsyncClient, seller: Seller) -> None:
    sent = headers(seller)
    for _ in range(2):
        answer = await probe.post("/api/v1/things/once", json={"nam": "a"}, headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert (await probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent)).status_code == 201


async def test_keeps_no_answer_that_holds_a_secret(probe: httpx.AsyncClient, seller: Seller) -> None:
    sent = headers(seller)
    for name in ("a", "b"):
        answer = await probe.post("/api/v1/things/secret", json={"name": name}, headers=sent)
        assert (answer.status_code, answer.json()["name"]) == (200, name)


async def test_sellers_do_not_share_keys(probe: httpx.AsyncClient, make_seller: MakeSeller) -> None:
    for name in ("a", "b"):
        sent = headers(await make_seller(), "the-same-key")
        answer = await probe.post("/api/v1/things/once", json={"name": name}, headers=sent)
        assert answer.json() == {"name": name}


async def test_fifty_at_once_get_one_answer(probe: httpx.AsyncClient, seller: Seller) -> None:
    sent = headers(seller)
    answers = await asyncio.gather(
        *(probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers if answer.status_code == 201) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "a\tb"])
async def test_refuses_strange_keys(probe: httpx.AsyncClient, seller: Seller, key: str) -> None:
    sent = seller.headers | {"Idempotency-Key": key.encode()}
    answer = await probe.post("/api/v1/things/once", json={"name": "a"}, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_asks_who_it_is_first(probe: httpx.AsyncClient) -> None:
    answer = await probe.post("/api/v1/things/once", json={"name": "a"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 401
