"""Looking at a file before it is imported: what it is, what its columns mean, and what its first rows would become.
Nothing is stored; however large the file, only its beginning is looked at.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from app.accounts import tenants
from app.core.config import Settings
from app.core.database import Sessions
from app.integrations.contracts.catalogue import SampleRow, SourceProduct
from app.integrations.contracts.errors import VendorError
from app.integrations.feeds.errors import FeedCutOff, FeedWithoutItems
from app.integrations.feeds.forms import cut_to_head
from app.integrations.feeds.headers import header_hash
from app.integrations.feeds.heads import HEAD_BYTES
from app.integrations.feeds.reader import FeedReader, open_feed
from app.integrations.feeds.unpack import Compression, compression_of, unpack
from app.integrations.feeds.unpack import Limits as ArchiveLimits
from app.integrations.http import Limits, download, open_client
from app.scraping import mappings
from app.scraping.errors import AddressSilent, FileNotInspectable
from app.scraping.inspection_schemas import (
    FileWarning,
    InspectedColumn,
    InspectedProduct,
    InspectedRow,
    InspectedVariant,
    InspectForm,
    Inspection,
    MappingUsed,
    Rejection,
    SavedMapping,
)

KEEP_BYTES = 64 << 20
UNPACKED_BYTES = 48 << 20
DOWNLOAD_SECONDS = 30.0
ROWS = 10
_DESCRIPTION = 500
_ONE_TRY = Limits(read=DOWNLOAD_SECONDS, total=DOWNLOAD_SECONDS, tries=1)  # a person waits, who can try again


@dataclass(frozen=True, slots=True)
class Looked:
    """The file that is looked at: its name and size; on disk there may be only its beginning."""

    path: Path
    filename: str | None
    size: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What looking found; `size` is that of the whole file, unpacked."""

    feed: FeedReader
    samples: list[SampleRow]
    compression: Compression | None
    size: int
    looked_at: int


async def fetch(settings: Settings, url: str, path: Path) -> Looked:
    """The file at an address, for looking at it."""
    async with open_client(settings, limits=_ONE_TRY) as client:
        try:
            got = await download(client, url, path, max_bytes=KEEP_BYTES, seconds=DOWNLOAD_SECONDS)
        except VendorError as failed:
            if failed.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            # Nothing that we depend on: the address is the caller's own.
            raise AddressSilent(failed.detail) from None
    return Looked(path, got.filename, got.size)


async def inspect(settings: Settings, sessions: Sessions, looked: Looked, form: InspectForm) -> Inspection:
    """What the file is and what would become of its first rows, by the mapping that the request or its source names."""
    async with sessions.begin() as session:
        read_by = await mappings.choose(
            session, columns=form.mapping, mapping_id=form.mapping_id, name=form.mapping_name, source=form.source
        )
        currency = await tenants.get_currency(session, _tenant_of(sessions))
    seen = await asyncio.to_thread(_look, looked, form, read_by, currency, ArchiveLimits.of(settings))
    feed = seen.feed
    columns_hash = header_hash(feed.header)
    async with sessions.begin() as session:
        saved = [SavedMapping.model_validate(each) for each in await mappings.find_by_header(session, columns_hash)]
    profile = feed.profile
    described = read_by.described()
    return Inspection(
        filename=looked.filename,
        size=looked.size,
        compression=seen.compression,
        looked_at_bytes=seen.looked_at,
        head_only=seen.looked_at < seen.size,
        form=profile.form,
        layout=profile.layout,
        encoding=profile.encoding,
        delimiter=profile.delimiter,
        quoting=profile.quoting,
        header_line=profile.header_line,
        currencies=list(profile.currencies),
        default_currency=profile.default_currency or currency,
        rows_estimate=round(profile.rows_estimate * seen.size / max(seen.looked_at, 1)),
        columns=[InspectedColumn.model_validate(column) for column in profile.columns],
        mapping=dict(profile.mapping),
        mapping_used=None if described is None else MappingUsed.model_validate(described),
        saved_mappings=saved,
        header_hash=columns_hash,
        warnings=[FileWarning.model_validate(warning) for warning in profile.warnings],
        rows=[_row(sample) for sample in seen.samples],
    )


def _look(looked: Looked, form: InspectForm, read_by: mappings.ReadBy, currency: str, limits: ArchiveLimits) -> _Seen:
    held = looked.path.stat().st_size
    is_head = held < looked.size
    if is_head and compression_of(looked.path) == "zip":  # what it holds is listed at its end
        raise FileNotInspectable
    found = unpack(looked.path, looked.path.with_name("unpacked"), limits, most=UNPACKED_BYTES)
    size = round(found.size * looked.size / max(held, 1))
    is_head = is_head or not found.is_whole
    if is_head or size > HEAD_BYTES:
        can_be_cut = cut_to_head(found.path)
        if is_head and not can_be_cut:
            raise FileNotInspectable
        is_head = can_be_cut
    try:
        feed = open_feed(
            found.path,
            default_currency=read_by.default_currency,
            own_currency=currency,
            mapping=read_by.columns,
            wanted=form.format,
            decimal_mark=read_by.decimal_mark,
            is_head=is_head,
        )
        samples = feed.sample(ROWS)
    except (FeedCutOff, FeedWithoutItems):
        if is_head:
            raise FileNotInspectable from None
        raise
    return _Seen(feed, samples, found.compression, size, found.path.stat().st_size)


def _row(sample: SampleRow) -> InspectedRow:
    rejected = sample.rejected
    return InspectedRow(
        line=sample.line,
        raw=dict(sample.raw),
        product=None if sample.product is None else _product(sample.product),
        rejection=None
        if rejected is None
        else Rejection(code=rejected.code, message=rejected.message, column=rejected.column),
        warnings=[FileWarning.model_validate(warning) for warning in sample.warnings],
    )


def _product(product: SourceProduct) -> InspectedProduct:
    attributes: Mapping[str, object] = product.attributes
    return InspectedProduct.model_validate(
        {
            "external_id": product.external_id,
            "title": product.title,
            "description": product.description_html and product.description_html[:_DESCRIPTION],
            "brand": product.brand,
            "category": product.category_path,
            "tags": product.tags,
            "url": product.url,
            "images": [image.url for image in product.images],
            "options": product.options,
            "attributes": attributes,
            "status": product.status,
            "is_part": product.fragment,
            "variants": [InspectedVariant.model_validate(variant) for variant in product.variants],
        }
    )


def _tenant_of(sessions: Sessions) -> int:
    if sessions.scope.tenant_id is None:
        raise ValueError("files are looked at for tenants only")
    return sessions.scope.tenant_id
