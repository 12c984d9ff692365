"""Feed files of the journey: written by the product's own generator, uploaded, and what their reports say."""

from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, JsonValue

from app.cli.journey.client import JsonObject, StepFailed, ask, upload
from app.core.ids import new_id
from app.sandbox.goods import DEFAULT_SEED, write_shopify_csv
from app.sandbox.google_feed import write_google_xml
from app.sandbox.mistakes import Mistake

LARGEST_PAGE = 200
GOOGLE_SEED = DEFAULT_SEED + 1  # other goods than those of the first feed


class ReportRow(BaseModel):
    """What a report says about one row."""

    line: int
    code: str | None = None
    message: str | None = None


class Change(BaseModel):
    """Before and after of one field."""

    product_id: str | None = None
    field: str | None = None
    before: JsonValue = None
    after: JsonValue = None
    undone: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A written file and the wrong rows that were planted in it."""

    file: Path
    mistakes: tuple[Mistake, ...] = ()


def write_feed(file: Path, *, products: int, seed: int = DEFAULT_SEED, mistakes: int = 0) -> Feed:
    """Write a file in the Shopify layout."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        planted = write_shopify_csv(stream, products=products, seed=seed, mistakes=mistakes)
    return Feed(file, tuple(planted))


def write_google_feed(file: Path, *, products: int, dearer_every: int | None = None) -> None:
    """Write another supplier's goods as a Google XML feed; every so many-th product may cost more than before."""
    with file.open("w", encoding="utf-8") as stream:
        write_google_xml(stream, products=products, seed=GOOGLE_SEED, dearer_every=dearer_every)


def start_import(client: httpx.Client, file: Path, **fields: str) -> str:
    """Upload the file; answers the id of the job that imports it."""
    return job_of(upload(client, "/scraping/feed", file, idempotency_key=new_id().hex, fields=fields))


def job_of(answer: JsonObject) -> str:
    """The id of the job that an answer names."""
    if "job_id" not in answer:
        raise StepFailed("the request was taken but no job was named")
    return str(answer["job_id"])


def list_changes(client: httpx.Client, job_id: str, **filters: str) -> list[Change]:
    """What a job changed, or would change, or took back."""
    return [Change.model_validate(item) for item in _list(client, f"/jobs/{job_id}/items", **filters)]


def list_rejected(client: httpx.Client, job_id: str) -> list[ReportRow]:
    """Every rejected row of an import, in the order of the file."""
    return [
        ReportRow.model_validate(row) for row in _list(client, f"/scraping/feed/{job_id}/report", action="rejected")
    ]


def title_of(client: httpx.Client, product_id: str) -> str:
    """What a product is called."""
    return str(ask(client, f"/products/{product_id}").get("title"))


def prices_of(client: httpx.Client, product_id: str) -> set[JsonValue]:
    """The prices of a product's variants, as the API writes amounts."""
    variants = ask(client, f"/products/{product_id}").get("variants")
    return (
        {variant.get("price") for variant in variants if isinstance(variant, dict)}
        if isinstance(variants, list)
        else set()
    )


def find_scripts(client: httpx.Client, words: str) -> list[str]:
    """The titles of products found by these words whose description still carries a script."""
    found = _list(client, "/products", q=words)
    return [str(item["title"]) for item in found if "<script" in str(item.get("description")).lower()]


def count_products(client: httpx.Client) -> int:
    """How many products the seller has."""
    total = ask(client, "/products", limit=1, include_total="true").get("total")
    return total if isinstance(total, int) else 0


def _list(client: httpx.Client, path: str, **filters: str) -> list[JsonObject]:
    items: list[JsonObject] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(client, path, limit=LARGEST_PAGE, **filters, **cursor)
        found = page.get("items")
        items += [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        if not page.get("next_cursor"):
            return items
        cursor = {"cursor": str(page["next_cursor"])}
