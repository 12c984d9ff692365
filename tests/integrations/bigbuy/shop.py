"""BigBuy's API by hand, for answers that no healthy server gives: its lists, and any path as a scene."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.core.config import Settings
from app.integrations import registry
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.contracts.access import Access
from tests.integrations.http.stage import Stage, answer

LISTS = (
    "products",
    "productsinformation",
    "productsimages",
    "productsvariations",
    "variations",
    "attributes",
    "attributegroups",
    "taxonomies",
    "manufacturers",
    "productsstockbyhandlingdays",
    "productsvariationsstockbyhandlingdays",
    "productprices",
)


def product(number: int, **fields: Any) -> dict[str, Any]:
    """A product without variations, as catalog/products lists it."""
    return {
        "id": number,
        "sku": f"S{number:07d}",
        "active": 1,
        "attributes": False,
        "taxonomy": 3,
        "manufacturer": 7,
        "ean13": "9520000000011",
        "weight": 1.25,
        "width": 10.0,
        "height": 0,
        "wholesalePrice": 9.809999999999999,
        "retailPrice": 19.9,
        "inShopsPrice": 18.5,
        **fields,
    }


def variation(number: int, parent: int, **fields: Any) -> dict[str, Any]:
    """A variation, as catalog/productsvariations lists it."""
    base = {"id": number, "sku": f"V{number:07d}", "product": parent, "ean13": "", "extraWeight": 0.25}
    return {**base, "wholesalePrice": 5.5, "retailPrice": 11, **fields}


def stock(number: int, *lines: tuple[int, int, int, int]) -> dict[str, Any]:
    """A line of a stock list; each part is quantity, days from, days to, warehouse."""
    names = ("quantity", "minHandlingDays", "maxHandlingDays", "warehouse")
    return {"id": number, "sku": "", "stocks": [dict(zip(names, line, strict=True)) for line in lines]}


class Shop:
    """The lists as they are served, and the stage for all other paths."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.keep(**{name: [] for name in LISTS})
        self.keep(
            taxonomies=[
                {"id": 3, "name": "Sofas", "parentTaxonomy": 2},
                {"id": 2, "name": "Home", "parentTaxonomy": 0},
            ],
            manufacturers=[{"id": 7, "name": "Nordlicht"}],
        )

    def keep(self, **lists: Any) -> None:
        """Serve these lists; bytes as they are."""
        for name, items in lists.items():
            body = items if isinstance(items, bytes) else json.dumps(items).encode()
            self.stage.plays(f"/rest/catalog/{name}.json", answer(200, body, content_type="application/json"))

    def says(self, path: str, *answers: Any) -> None:
        """The path answers these: an object with status 200, or (status, object), or whole bytes."""
        self.stage.plays(f"/rest/{path}.json", *map(_whole, answers))

    def access(self, *, key: str = "sandbox", tries: int = 1, **settings: object) -> Access:
        """A connection to it."""
        app = Settings(_env_file=None, sandbox_url=self.stage.origin, outbound_tries=tries, outbound_read_seconds=0.4)
        made = BigBuy.model_validate({"base_url": self.stage.origin, **settings})
        return Access(app, made, {"api_key": key}, lane="a connection")

    def asked(self, path: str) -> list[Any]:
        """The bodies that were sent to a path."""
        return [json.loads(one.body) for one in self.stage.asked if one.target == f"/rest/{path}.json"]


def _whole(said: Any) -> bytes:
    if isinstance(said, bytes):
        return said
    status, body = said if isinstance(said, tuple) else (200, said)
    return answer(status, json.dumps(body).encode(), content_type="application/json")


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    """A shop on a socket of its own."""
    stage = Stage()
    server = await asyncio.start_server(stage.serve, "127.0.0.1", 0)
    stage.port = server.sockets[0].getsockname()[1]
    yield Shop(stage)
    server.close()


VENDOR = registry.get_vendor("bigbuy")
