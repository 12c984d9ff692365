"""JSON inside cells, as shops' own exporters write lists and translations: ["a", "b"], {"de": "Stuhl", "en": "Chair"},
[{"src": "https://..."}]. A cell that only looks like JSON stays what it is.
"""

import json
import re

MAX_LENGTH = 200_000
_DEPTH = 8
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_TEXT_KEYS = ("value", "name", "title", "text", "label")
_URL_KEYS = ("src", "url", "href", "image", "image_url", "link", "source", "original", "large")

Json = str | bool | list["Json"] | dict[str, "Json"] | None


def decode(text: str) -> Json:
    """The list or object in a cell, its numbers as they are written; the text itself where there is none."""
    if len(text) > MAX_LENGTH or text[:1] not in {"[", "{"} or text[-1:] not in {"]", "}"}:
        return text
    try:
        found: Json = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return text
    return found


def plain(text: str) -> str:
    """The text that a cell means: of translations the first that is not empty, of a list its parts."""
    found = decode(text)
    if isinstance(found, list):
        parts = texts_in(found)
        is_clear = 0 < len(parts) == len(found) and not any("," in part for part in parts)
        return ", ".join(parts) if is_clear else text
    if isinstance(found, dict) and found:
        if all(map(_LANGUAGE.fullmatch, found)):
            return next((value for value in found.values() if isinstance(value, str) and value.strip()), "")
        named = next((found[key] for key in _TEXT_KEYS if isinstance(found.get(key), str)), None)
        return named if isinstance(named, str) else text
    return text


def texts_in(found: Json, depth: int = _DEPTH) -> list[str]:
    """The texts of a list: its own, or the names of its objects."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict):
        named = next((found[key] for key in _TEXT_KEYS if isinstance(found.get(key), str)), None)
        return [named] if isinstance(named, str) and named else []
    if not isinstance(found, list) or not depth:
        return []
    return [text for part in found for text in texts_in(part, depth - 1)]


def urls_in(found: Json, depth: int = _DEPTH) -> list[str]:
    """Every text in a list or object of pictures that may be a web address, in order."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict):
        named = next((found[key] for key in _URL_KEYS if isinstance(found.get(key), str)), None)
        if isinstance(named, str):
            return [named]
    if not isinstance(found, dict | list) or not depth:
        return []
    parts = found.values() if isinstance(found, dict) else found
    return [url for part in parts for url in urls_in(part, depth - 1)]


def pairs_in(text: str) -> dict[str, str] | None:
    """Names and values of an object, or of a list of {name, value}; None where the cell holds neither."""
    found = decode(text)
    if isinstance(found, dict):
        return {name: value for name, entry in found.items() if (value := ", ".join(texts_in(entry)))}
    if not isinstance(found, list) or not found:
        return None
    pairs: dict[str, str] = {}
    for part in found:
        name = part.get("name") if isinstance(part, dict) else None
        value = ", ".join(texts_in(part.get("value"))) if isinstance(part, dict) else ""
        if not isinstance(name, str) or not value:
            return None
        pairs[name] = value
    return pairs
