"""Stock by SKU over the API: levels, adjustments, entries."""

import pytest

from app.core.ids import new_id
from tests.products.conftest import Shop


async def _adjust(shop: Shop, **body: object) -> tuple[int, dict[str, object]]:
    answer = await shop.send("POST", "/inventory/adjust", json={"reason": "counted", **body})
    return answer.status_code, answer.json()


async def test_an_adjustment_moves_the_balance_and_explains_itself(shop: Shop) -> None:
    made = await shop.make(sku="A/1", stock=5)
    status, level = await _adjust(shop, sku="a/1", delta=-2, reason="broken")
    assert (status, level["on_hand"], level["available"], level["reserved"]) == (200, 3, 3, 0)
    assert (await shop.get(f"/products/{made['id']}"))["stock"] == 3
    entries = (await shop.get("/inventory/A%2F1/entries"))["items"]
    assert [(one["kind"], one["quantity"], one["on_hand_after"], one["reason"]) for one in entries] == [
        ("adjustment", -2, 3, "broken"),
        ("receipt", 5, 5, "opening stock"),
    ]
    assert {one["user_id"] for one in entries} == {str(shop.seller.user_id)}


async def test_less_than_nothing_is_refused_and_leaves_no_trace(shop: Shop) -> None:
    await shop.make(sku="Z", stock=1)
    status, problem = await _adjust(shop, sku="Z", delta=-2)
    assert (status, problem["code"]) == (409, "stock_below_zero")
    assert len((await shop.get("/inventory/Z/entries"))["items"]) == 1
    await shop.make(sku="NEVER")
    status, problem = await _adjust(shop, sku="NEVER", delta=-1)
    assert (status, problem["code"]) == (409, "stock_below_zero")
    status, problem = await _adjust(shop, sku="Z", delta=1_000_000_000)
    assert (status, problem["code"]) == (422, "stock_too_large")


async def test_a_variant_is_named_by_its_id_too(shop: Shop) -> None:
    made = await shop.make()
    variant_id = made["variants"][0]["id"]
    status, level = await _adjust(shop, variant_id=variant_id, delta=4)
    assert (status, level["on_hand"], level["sku"]) == (200, 4, None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sku": "no such", "delta": 1}, 404, "sku_not_found"),
        ({"variant_id": str(new_id()), "delta": 1}, 404, "variant_not_found"),
        ({"delta": 1}, 422, "validation_failed"),
        ({"sku": "x", "variant_id": str(new_id()), "delta": 1}, 422, "validation_failed"),
        ({"sku": "x", "delta": 0}, 422, "validation_failed"),
        ({"sku": "x", "delta": 1, "reason": " "}, 422, "validation_failed"),
        ({"sku": "x", "delta": 10**30}, 422, "validation_failed"),
    ],
)
async def test_wrong_adjustments_are_refused(
    shared_shop: Shop, body: dict[str, object], status: int, code: str
) -> None:
    answered, problem = await _adjust(shared_shop, **body)
    assert (answered, problem["code"]) == (status, code)


async def test_levels_are_listed_by_sku_and_found_by_it(shop: Shop) -> None:
    await shop.make(title="Two", variants=[{"sku": "L-2", "stock": 2}, {"sku": "L-1"}])
    await shop.make(title="None")
    levels = (await shop.get("/inventory"))["items"]
    assert [(one["sku"], one["on_hand"], one["title"]) for one in levels] == [
        ("L-1", 0, "Two"),
        ("L-2", 2, "Two"),
        (None, 0, "None"),
    ]
    assert levels[1]["locations"][0]["location"] == "Own stock"
    found = (await shop.get("/inventory", sku="l-2"))["items"]
    assert [one["sku"] for one in found] == ["L-2"]


async def test_entries_are_paged_without_gap(shop: Shop) -> None:
    await shop.make(sku="P", stock=1)
    for _ in range(6):
        await _adjust(shop, sku="P", delta=1)
    seen: list[int] = []
    parameters: dict[str, object] = {"limit": 2}
    while True:
        page = await shop.get("/inventory/P/entries", **parameters)
        seen += [entry["sequence"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
