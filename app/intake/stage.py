"""Staging: a page of source products goes into the staging tables by COPY, rows that cannot be used into the report."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from asyncpg import Connection as AsyncpgConnection
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.intake.models import OWN_ID, RowAction
from app.integrations.contracts.catalogue import Page, SourceProduct, SourceVariant


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PRODUCT_COLUMNS = _names("""
    job_id line external_id fragment has_variants product_id matched_by sku title description brand category_path tags
    url status attributes options image_ids image_urls image_alts
""")
VARIANT_COLUMNS = _names("""
    job_id product_line position line external_id variant_id matched offer_id sku gtin price compare_at_price cost
    currency stock weight_g image_url options attributes
""")
ROW_COLUMNS = _names("job_id line number action external_id product_id code message raw")

Record = tuple[object, ...]


@dataclass(slots=True)
class Stager:
    """Turns pages into records of one job. Remembers only how many variants came by."""

    job_id: UUID
    default_currency: str
    variants: int = 0

    async def stage(self, session: AsyncSession, page: Page) -> None:
        """Write a page into the staging tables, in the caller's transaction."""
        products = [self._product(item) for item in page.items]
        variants = [self._variant(item, variant) for item in page.items for variant in item.variants]
        await copy(session, "staged_products", PRODUCT_COLUMNS, products)
        await copy(session, "staged_variants", VARIANT_COLUMNS, variants)
        await copy(session, "import_rows", ROW_COLUMNS, self._report(page))

    def _product(self, item: SourceProduct) -> Record:
        return (
            self.job_id,
            item.line,
            item.external_id,
            item.fragment,
            bool(item.variants),
            item.own_id or new_id(),
            OWN_ID if item.own_id else None,
            item.sku,
            item.title,
            item.description_html,
            item.brand,
            list(item.category_path) or None,
            list(item.tags) or None,
            item.url,
            item.status,
            _json(dict(item.attributes)) if item.attributes else None,
            _json(_options(item)) if item.options else None,
            [new_id() for _ in item.images] or None,
            [image.url for image in item.images] or None,
            [image.alt for image in item.images] or None,
        )

    def _variant(self, item: SourceProduct, variant: SourceVariant) -> Record:
        self.variants += 1
        has_money = not (variant.price is variant.cost is variant.compare_at_price is None)
        attributes = {"gtin_raw": variant.gtin_raw} if variant.gtin_raw else {}
        return (
            self.job_id,
            item.line,
            self.variants,
            variant.line,
            variant.external_id,
            variant.own_id or new_id(),
            variant.own_id is not None,
            new_id(),
            variant.sku,
            variant.gtin,
            variant.price,
            variant.compare_at_price,
            variant.cost,
            variant.currency or (self.default_currency if has_money else None),
            variant.stock,
            variant.weight_g,
            variant.image_url,
            _json(dict(variant.options)),
            _json(attributes),
        )

    def _report(self, page: Page) -> list[Record]:
        rejected = [
            (
                self.job_id,
                row.line,
                0,
                RowAction.REJECTED.value,
                None,
                None,
                row.code,
                row.message,
                _json(dict(row.raw)),
            )
            for row in page.rejected
        ]
        warned: dict[int, int] = {}
        warnings: list[Record] = []
        for warning in page.warnings:
            number = warned[warning.line] = warned.get(warning.line, 0) + 1
            warnings.append(
                (
                    self.job_id,
                    warning.line,
                    number,
                    RowAction.WARNING.value,
                    None,
                    None,
                    warning.code,
                    warning.message,
                    None,
                )
            )
        return rejected + warnings


def _options(item: SourceProduct) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "values": list(dict.fromkeys(v.options[name] for v in item.variants if name in v.options)),
        }
        for name in item.options
    ]


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a whole number beyond 64 bits, which attributes of our own export may hold
        return json.dumps(value)


async def copy(session: AsyncSession, table: str, columns: Sequence[str], records: Iterable[Record]) -> None:
    """COPY records into a tenant table inside the session's transaction: about ten times an INSERT of many rows."""
    rows = list(records)
    if not rows:
        return
    raw = await (await session.connection()).get_raw_connection()
    driver: AsyncpgConnection = raw.driver_connection
    await driver.copy_records_to_table(table, records=rows, columns=columns)
