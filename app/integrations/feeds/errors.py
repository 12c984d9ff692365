"""Why a whole file is refused. One class per reason with a stable code; `detail` ends in the mend.
Single bad rows are not errors: they are RejectedRow on their page (RowRefused is how a mapper says so).
"""

from app.core.errors import Unprocessable


class FeedRefused(Unprocessable):
    """Base: the file (or the rest of it) cannot be read. `detail` says what is wrong and what to do here."""

    code, title = "feed_refused", "This file cannot be read as a product feed"
    mend = "Read `detail`, correct the file and upload it again."

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(f"{wrong} {mend}")


class FeedEmpty(FeedRefused):
    code, title = "feed_empty", "The file is empty"
    mend = "Export the feed again and check that it has rows."


class FeedHeaderOnly(FeedRefused):
    code, title = "feed_header_only", "The file has a header but no rows"
    mend = "Export the feed again and check that it has products."


class FeedNoUsableColumn(FeedRefused):
    code, title = "feed_no_usable_column", "No column identifies the products"
    mend = "Name a column `id`, `sku`, `url` or `gtin`, or send a mapping that does."


class FeedMappingInvalid(FeedRefused):
    code, title = "feed_mapping_invalid", "The mapping does not fit the file"
    mend = "Send {column of the file: our field}; inspecting the file lists both."


class FeedTooManyColumns(FeedRefused):
    code, title = "feed_too_many_columns", "The file has too many columns"
    mend = "Leave out the columns that are not needed."


class FeedBinary(FeedRefused):
    code, title = "feed_binary", "The file is not text"
    mend = "Save the sheet as CSV (UTF-8) and upload that."


class FeedArchiveTooLarge(FeedRefused):
    code, title = "feed_archive_too_large", "The file unpacks to more than is read"
    mend = "Split the feed, or upload it as CSV."


class FeedFormatUnsupported(FeedRefused):
    code, title = "feed_format_unsupported", "This format is not read"
    mend = "Upload the feed as CSV, TSV, JSON, JSON lines or XLSX."


class FeedFormatDiffers(FeedRefused):
    code, title = "feed_format_differs", "The file is not of the format that the request names"
    mend = "Leave `format` to auto, or send the file that was meant."


class FeedJsonUnusable(FeedRefused):
    code, title = "feed_json_unusable", "The JSON holds no list of products"
    mend = "Send an array of objects, an object that holds one, or one object per line."


class FeedArchiveBroken(FeedRefused):
    code, title = "feed_archive_broken", "The archive cannot be unpacked"
    mend = "Pack the feed file anew, as gzip or an ordinary ZIP."


class FeedArchiveAmbiguous(FeedRefused):
    code, title = "feed_archive_ambiguous", "The archive does not hold exactly one file"
    mend = "Put only the feed file into the archive."


class FeedArchiveUnsafe(FeedRefused):
    code, title = "feed_archive_unsafe", "The archive holds what is never unpacked"
    mend = "Pack the one feed file, without password, links or inner archives."


class FeedXmlBroken(FeedRefused):
    code, title = "feed_xml_broken", "The XML is not well-formed"
    mend = "Export the feed again, or correct the line that is named."


class FeedXmlEntities(FeedRefused):
    code, title = "feed_xml_entities", "The XML defines or uses entities of its own"
    mend = "Write the characters themselves instead of entities."


class FeedXmlTooDeep(FeedRefused):
    code, title = "feed_xml_too_deep", "The XML is nested too deeply"
    mend = "Export the feed with products directly below one list."


class FeedItemTooLarge(FeedRefused):
    code, title = "feed_item_too_large", "One product of the file is too large"
    mend = "Check the product in the line that is named."


class FeedWithoutItems(FeedRefused):
    code, title = "feed_without_items", "The file holds no products"
    mend = "Export the feed again and check that it has products."


class FeedHasNul(FeedRefused):
    code, title = "feed_nul_byte", "The file holds NUL bytes"
    mend = "Save the sheet again as CSV (UTF-8)."


class FeedLineTooLong(FeedRefused):
    code, title = "feed_line_too_long", "A line of the file does not end"
    mend = "Check that the file is a table with one row per line."


class FeedFieldTooLarge(FeedRefused):
    code, title = "feed_field_too_large", "A field is larger than 1 MiB"
    mend = "Shorten the field that is named."


class FeedCutOff(FeedRefused):
    code, title = "feed_cut_off", "The file is cut off"
    mend = "Export or transfer the feed again."


class FeedUnbalancedQuotes(FeedRefused):
    code, title = "feed_unbalanced_quotes", "A quoted field is never closed"
    mend = "Close the quote in the line that is named, or double quotes that belong to the text."


class FeedEncodingWrong(FeedRefused):
    code, title = "feed_encoding_wrong", "The file's characters cannot be decoded"
    mend = "Save the file again as CSV in UTF-8."


class FeedIsExport(FeedRefused):
    """An export names goods of every source, and perhaps only some: what it lacks has vanished from none of them."""

    code, title = "feed_is_export", "Our own export is read in mode partial only"
    mend = "Send it with mode `partial`; archive products by their status or in the product list."


class FeedIsOurJson(FeedRefused):
    """Products as the API answers them: read as goods of a feed, they would all come in a second time."""

    code, title = "feed_is_our_json", "Our own products as JSON are not read back"
    mend = "Export them as CSV, which can be changed and imported again."


class FeedCursorInvalid(FeedRefused):
    code, title = "feed_cursor_invalid", "The cursor does not belong to this file"
    mend = "Start the reading again from the beginning."


class RowRefused(Exception):
    """One row cannot become goods: a stable code, the index of the guilty column (-1: none) and words with the mend."""

    def __init__(self, code: str, message: str, column: int = -1) -> None:
        self.code = code
        self.column = column
        self.message = message
        super().__init__(message)
