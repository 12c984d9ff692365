"""The role of a catalogue source: the one stream of source products that suppliers, stores, feeds and pages all yield.
What intake makes of it (staging, matching, writing) lives in intake.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import JsonValue

Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder", "unknown"]
StatusHint = Literal["published", "draft", "archived"]
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An absolute http(s) address of a picture and its alternative text."""

    url: str
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class SourceVariant:
    """One sellable unit. None always means: the source does not say. Amounts are >= 0 with at most 4 decimals.

    `external_id` is unique within its source, not only within its product. `gtin` is valid and canonical (8, 13 or 14
    digits; a UPC-12 has become its EAN-13), so equal means the same article; anything else that stood there is kept in
    `gtin_raw` and must not be matched on. `options` maps the option's name to this variant's value; a name that the
    product has and the variant lacks means "any". `own_id` is our own id of it, in a file that we have exported.
    """

    external_id: str
    line: int
    sku: str | None = None
    gtin: str | None = None
    gtin_raw: str | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    cost: Decimal | None = None
    currency: str | None = None
    stock: int | None = None
    availability: Availability = "unknown"
    weight_g: int | None = None
    image_url: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    own_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SourceProduct:
    """One product, or a part of one, as its source tells it. None, () and {} mean: the source does not say.

    `line` is the physical line of the file (1-based, header included) where the first row of it begins; sources that
    are not files count their items. `title` None is no error for goods that the catalogue knows already (a price list
    by SKU); new goods without one become drafts named by their id. `description_html` is sanitised. `status` is a hint:
    goods without any price are drafts whatever it says. No variants at all (a grouped product) is legal: nothing of it
    can be sold.

    `fragment` True: other fragments of the same `external_id` may come, before or after, also on other pages; they
    belong together by `merged_fragments`. False: a second product of that `external_id` is a duplicate.

    `own_id` is our own id of the product, in a file that we have exported: then `category_path` names the nodes of the
    seller's own tree. An id that is unknown here belongs to goods of another catalogue, which are new here.
    """

    external_id: str
    line: int
    title: str | None = None
    sku: str | None = None
    description_html: str | None = None
    brand: str | None = None
    category_path: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    url: str | None = None
    images: tuple[SourceImage, ...] = ()
    options: tuple[str, ...] = ()
    attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    status: StatusHint | None = None
    variants: tuple[SourceVariant, ...] = ()
    fragment: bool = False
    own_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot become goods: where, why (stable snake_case code), and words that name column, value and mend.

    `raw` holds the row's cells by column name, complete enough to be corrected and sent again on its own.
    """

    line: int
    code: str
    message: str
    raw: Mapping[str, str]
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something in an accepted row that was left out, and why."""

    line: int
    code: str
    message: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row beside what it would become: a product or a part of one, a rejection, or neither (folded, left out)."""

    line: int
    raw: Mapping[str, str]
    product: SourceProduct | None
    rejected: RejectedRow | None
    warnings: tuple[RowWarning, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A step of the stream. `rows_read` counts the data rows behind it (accepted, rejected and folded into others).

    `cursor` resumes behind this page; None on the last page, which may be empty. `progress` is the part of the source
    that is read by now, 0 to 1; None when the source cannot say.
    """

    items: tuple[SourceProduct, ...]
    rejected: tuple[RejectedRow, ...] = ()
    warnings: tuple[RowWarning, ...] = ()
    rows_read: int = 0
    cursor: str | None = None
    progress: float | None = field(default=None, compare=False)


class CatalogueSource(Protocol):
    """Anything that can list goods."""

    def pages(self, cursor: str | None = None) -> AsyncIterator[Page]:
        """Yields the source's goods in its own order, in pages of bounded size (about 1,000 rows, a few MiB).

        `cursor`: None starts at the beginning; a cursor of an earlier page (of this or another process, for the same
        unchanged source and settings) yields exactly what followed that page. A cursor is opaque text of a few hundred
        bytes at most. Repeatable: reading changes nothing at the source. Rows that cannot be used are on their page
        as RejectedRow and never end the stream; an error that makes the rest unreadable is raised after the pages
        before it were yielded (files: integrations.feeds.errors.FeedRefused; vendors: the vendor errors).
        """
        ...


def merged_fragments(fragments: Sequence[SourceProduct]) -> SourceProduct:
    """One product of several fragments in file order: what the first says wins; variants, images and names add up."""
    first, rest = fragments[0], fragments[1:]
    if not rest:
        return first
    images: dict[str, SourceImage] = {}
    for image in (image for part in fragments for image in part.images):
        images.setdefault(image.url, image)
    return SourceProduct(
        external_id=first.external_id,
        line=first.line,
        title=first.title or _first(part.title for part in rest),
        sku=first.sku or _first(part.sku for part in rest),
        description_html=first.description_html or _first(part.description_html for part in rest),
        brand=first.brand or _first(part.brand for part in rest),
        category_path=first.category_path or _first(part.category_path for part in rest) or (),
        tags=first.tags or _first(part.tags for part in rest) or (),
        url=first.url or _first(part.url for part in rest),
        images=tuple(images.values()),
        options=tuple(dict.fromkeys(name for part in fragments for name in part.options)),
        attributes=first.attributes or _first(part.attributes for part in rest) or {},
        status=first.status or _first(part.status for part in rest),
        variants=tuple(variant for part in fragments for variant in part.variants),
        fragment=first.fragment,
        own_id=first.own_id,
    )


def _first(values: Iterable[_Said | None]) -> _Said | None:
    return next((value for value in values if value), None)
