"""What is found out about a feed file before it is read: its technical form, its layout, and which column is what.
The finding lives in integrations/feeds; showing it to the seller lives in scraping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal[".", ","]


@dataclass(frozen=True, slots=True)
class FeedWarning:
    """Something about the whole file that the seller should know."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FeedColumn:
    """One column: its unique name, our field for it (None: not used, or kept as an attribute) and how sure that is.

    `confidence`: 1.0 the layout's own name or the seller's mapping, 0.8 a synonym, 0.5 a guess to be looked at.
    `currency` is what the name of a column of money says ("Preis CHF"), whether or not the column is used.
    `decimal_mark` is set for columns of numbers. `samples` are the first distinct non-empty cells, shortened.
    """

    index: int
    name: str
    field: str | None
    confidence: float
    decimal_mark: DecimalMark | None
    samples: tuple[str, ...]
    currency: str | None = None
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class FeedProfile:
    """Everything that reading the file depends on; the same bytes and mapping always give the same profile.

    `currencies` are those named in the looked-at rows; `default_currency` is that of prices which name none.
    `rows_estimate` is a guess for progress bars. `form` is the family of formats (delimited, xml, json ...); delimiter
    and quoting are those of delimited text alone.
    """

    form: str
    layout: str
    encoding: str
    delimiter: str | None
    quoting: Literal["minimal", "none"] | None
    header_line: int
    columns: tuple[FeedColumn, ...]
    currencies: tuple[str, ...]
    rows_estimate: int
    size: int
    warnings: tuple[FeedWarning, ...] = ()
    default_currency: str | None = None

    @property
    def mapping(self) -> Mapping[str, str]:
        """The mapping in the form in which it can be sent back: {source column: our field}."""
        return {column.name: column.field for column in self.columns if column.field}
