"""Why a whole file is refused. One class per reason with a stable code; each carries the mend beside the message.
Single bad rows are not errors: they are RejectedRow on their page (RowRefused is how a mapper says so).
"""

from app.core.errors import Unprocessable


class FeedRefused(Unprocessable):
    """Base: the file (or the rest of it) cannot be read. `detail` says what is wrong, `mend` what to do."""

    code, title = "feed_refused", "This file cannot be read as a product feed"

    def __init__(self, detail: str, mend: str) -> None:
        self.mend = mend
        super().__init__(f"{detail} {mend}", extra={"mend": mend})


class FeedEmpty(FeedRefused):
    code, title = "feed_empty", "The file is empty"


class FeedHeaderOnly(FeedRefused):
    code, title = "feed_header_only", "The file has a header but no rows"


class FeedNoUsableColumn(FeedRefused):
    code, title = "feed_no_usable_column", "No column identifies the products"


class FeedMappingInvalid(FeedRefused):
    code, title = "feed_mapping_invalid", "The mapping does not fit the file"


class FeedTooManyColumns(FeedRefused):
    code, title = "feed_too_many_columns", "The file has too many columns"


class FeedBinary(FeedRefused):
    code, title = "feed_binary", "The file is not text"


class FeedFormatUnsupported(FeedRefused):
    code, title = "feed_format_unsupported", "This format is not read"


class FeedHasNul(FeedRefused):
    code, title = "feed_nul_byte", "The file holds NUL bytes"


class FeedLineTooLong(FeedRefused):
    code, title = "feed_line_too_long", "A line of the file does not end"


class FeedFieldTooLarge(FeedRefused):
    code, title = "feed_field_too_large", "A field is larger than 1 MiB"


class FeedCutOff(FeedRefused):
    code, title = "feed_cut_off", "The file is cut off"


class FeedUnbalancedQuotes(FeedRefused):
    code, title = "feed_unbalanced_quotes", "A quoted field is never closed"


class FeedEncodingWrong(FeedRefused):
    code, title = "feed_encoding_wrong", "The file's characters cannot be decoded"


class FeedCursorInvalid(FeedRefused):
    code, title = "feed_cursor_invalid", "The cursor does not belong to this file"


class RowRefused(Exception):
    """One row cannot become goods: a stable code, the index of the guilty column (-1: none) and words with the mend."""

    def __init__(self, code: str, message: str, column: int = -1) -> None:
        self.code = code
        self.column = column
        self.message = message
        super().__init__(message)
