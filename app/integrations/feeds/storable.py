"""Characters that no database takes (NUL, halves of surrogate pairs): escapes of JSON and workbooks can make them,
bytes of text files cannot.
"""

from app.integrations.feeds.records import BrokenRow


def storable(text: str) -> str:
    """The text with a replacement character for each of them."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def checked(cells: list[str]) -> list[str] | BrokenRow:
    """The cells, or why they cannot be stored."""
    text = "".join(cells)
    if storable(text) == text:
        return cells
    what = "the NUL character (U+0000)" if "\x00" in text else "half of a surrogate pair"
    return BrokenRow(
        f"A text holds {what}, which cannot be stored. Remove it.", list(map(storable, cells)), "character_unstorable"
    )
