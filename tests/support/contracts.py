"""Holds answers to the OpenAPI documents beside this checkout (../shared/specs), and nothing looser than they are."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.shared import shared


@cache
def _document(relative: str) -> dict[str, Any]:
    return json.loads(shared(relative).read_text(encoding="utf-8"))


def responses(relative: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and 200-schema of every operation of a document."""
    found = []
    for path, operations in _document(relative)["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"]["200"].get("content", {})
            found.append((method, path, content.get("application/json", {}).get("schema", {})))
    return found


def validator(relative: str, schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of one schema; fields that the document does not know are faults too."""
    text = json.dumps(_document(relative)["components"])
    components = json.loads(text)
    # What is a part of something larger cannot say that there is nothing else.
    parts = set(re.findall(r'"allOf": \[\{"\$ref": "#/components/schemas/(\w+)"', text))
    for name, component in components["schemas"].items():
        if "properties" in component and name not in parts:
            component.setdefault("additionalProperties", False)
    return Draft202012Validator({**schema, "components": components})
