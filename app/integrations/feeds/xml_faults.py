"""What the XML parser finds wrong, as refusals that say what it means for a feed and how to mend it."""

from typing import NamedTuple

from app.integrations.feeds.errors import (
    FeedCutOff,
    FeedFieldTooLarge,
    FeedRefused,
    FeedXmlBroken,
    FeedXmlEntities,
    FeedXmlTooDeep,
)


class _Fault(NamedTuple):
    """`sign` is in the parser's own words (lower case) or is the name of its error."""

    sign: str
    refusal: type[FeedRefused]
    wrong: str
    mend: str


_GOOGLE = 'Declare it in the first element, as in xmlns:g="http://base.google.com/ns/1.0".'
_FAULTS = (
    _Fault(
        "depth", FeedXmlTooDeep, "Line {line} lies more than 256 elements deep.", "Put the products below one list."
    ),
    _Fault("huge", FeedFieldTooLarge, "A text in line {line} is larger than 10 MB.", "Shorten it."),
    _Fault(
        "ERR_UNDECLARED_ENTITY",
        FeedXmlEntities,
        "Line {line}: {words}.",
        "Write the character itself, or its number as in &#160;.",
    ),
    _Fault("amplification", FeedXmlEntities, "Line {line}: {words}.", "Write the characters themselves."),
    _Fault("entityref", FeedXmlBroken, "Line {line}: an '&' stands alone ({words}).", "Write it as &amp;."),
    _Fault("namespace prefix", FeedXmlBroken, "Line {line}: {words}.", _GOOGLE),
)
_OTHER = _Fault("", FeedXmlBroken, "Line {line}: {words}.", "Correct it, or export the feed again.")
_CUT_OFF = _Fault(
    "", FeedCutOff, "The file ends in line {line} before its elements do ({words}).", "Export or transfer it again."
)


def refusal(line: int, words: str, kind: str, *, is_over: bool) -> FeedRefused:
    """The refusal for a fault with the parser's words and name of it; `is_over`: it was found at the file's end."""
    folded = words.casefold()
    last = _CUT_OFF if is_over and kind != "ERR_TAG_NAME_MISMATCH" else _OTHER
    fault = next((fault for fault in _FAULTS if fault.sign in folded or fault.sign == kind), last)
    return fault.refusal(fault.wrong.format(line=line, words=words), fault.mend)
