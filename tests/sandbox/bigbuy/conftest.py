"""A caller of the sandbox's BigBuy, and orders as it takes them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.sandbox import Sandbox

ADDRESS = {
    "firstName": "John",
    "lastName": "Doe",
    "country": "ES",
    "postcode": "46005",
    "town": "Valencia",
    "address": "C/ Altea",
    "phone": "664869570",
    "email": "john@email.com",
    "comment": "",
}


@pytest.fixture
def vendor(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"{sandbox.url}/bigbuy/rest", headers={"Authorization": "Bearer sandbox"}, trust_env=False
    ) as client:
        yield client


def order(reference: str, quantities: dict[str, int], **values: Any) -> dict[str, Any]:
    return {
        "order": {
            "internalReference": reference,
            "language": "es",
            "paymentMethod": "moneybox",
            "carriers": [{"name": "correos"}, {"name": "chrono"}],
            "shippingAddress": ADDRESS,
            "products": [{"reference": sku, "quantity": quantity} for sku, quantity in quantities.items()],
            **values,
        }
    }


def stock(vendor: httpx.Client) -> dict[str, list[dict[str, int]]]:
    """The stock of every article, by its reference."""
    paths = ("productsstockbyhandlingdays", "productsvariationsstockbyhandlingdays")
    return {item["sku"]: item["stocks"] for path in paths for item in vendor.get(f"/catalog/{path}.json").json()}


def lying_in(vendor: httpx.Client, warehouse: int) -> str:
    """An article that can be ordered, of which there are more than two, in that warehouse alone."""
    active = {item["id"] for item in vendor.get("/catalog/products.json").json() if item["active"]}
    parent = {item["sku"]: item["product"] for item in vendor.get("/catalog/productsvariations.json").json()}
    for sku, lines in stock(vendor).items():
        if (
            [line["warehouse"] for line in lines] == [warehouse]
            and lines[0]["quantity"] > 2
            and parent.get(sku) in active
        ):
            return sku
    raise AssertionError("no such article")
