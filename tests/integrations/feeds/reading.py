"""How the tests of feeds write a file and read all of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.integrations.contracts.catalogue import Page, RejectedRow, RowWarning, SourceProduct, merged_fragments
from app.integrations.feeds.reader import FeedReader, open_feed

WriteFeed = Callable[..., Path]


@dataclass(frozen=True)
class Reading:
    """All that came out of a file; `products` are whole, by their identity."""

    reader: FeedReader
    pages: list[Page]
    products: dict[str, SourceProduct]
    rejected: list[RejectedRow]
    warnings: list[RowWarning]

    @property
    def rows(self) -> int:
        return sum(page.rows_read for page in self.pages)

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(row.line, row.code) for row in self.rejected]


def read_all(path: Path, *, rows: int = 1000, **options: object) -> Reading:
    reader = open_feed(path, **options)  # type: ignore[arg-type]
    pages = list(reader.read(rows=rows))
    return Reading(
        reader,
        pages,
        whole(item for page in pages for item in page.items),
        [row for page in pages for row in page.rejected],
        [warning for page in pages for warning in page.warnings],
    )


def whole(items: Iterable[SourceProduct]) -> dict[str, SourceProduct]:
    """The products that a stream's items make up, as intake puts them together."""
    parts: dict[str, list[SourceProduct]] = {}
    for item in items:
        parts.setdefault(item.external_id, []).append(item)
    return {external_id: merged_fragments(found) for external_id, found in parts.items()}
