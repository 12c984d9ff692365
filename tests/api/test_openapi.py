"""The document is true: committed, complete, and its examples fit their schemas."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.api.openapi import TAGS
from app.core.dialect import SPELLINGS
from app.core.problems import MEDIA_TYPE
from tests.api.operations import ALL, DOCUMENT, OF_THE_API, Operation, name_of
from tools import openapi


def validate(example: object, schema: dict[str, Any]) -> None:
    # With the components beside it, so that references lead where they lead in the document.
    Draft202012Validator({"components": DOCUMENT["components"], **schema}).validate(example)


every = pytest.mark.parametrize("operation", OF_THE_API, ids=name_of)


def test_is_committed_as_the_routes_say() -> None:
    assert openapi.TARGET.read_text() == openapi.render(), "run `python -m tools.openapi`"


def _schemas_with_examples(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any], Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            for example in node["examples"]:
                yield where, node.get("schema", node), example
        if "example" in node and ("schema" in node or "type" in node or "$ref" in node):
            yield where, node.get("schema", node), node["example"]
        for name, part in node.items():
            if name not in {"example", "examples", "default", "const", "enum"}:
                yield from _schemas_with_examples(part, f"{where}/{name}")
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from _schemas_with_examples(part, f"{where}/{number}")


EXAMPLES = tuple(_schemas_with_examples({"paths": DOCUMENT["paths"], "schemas": DOCUMENT["components"]["schemas"]}))


@pytest.mark.parametrize(("where", "schema", "example"), EXAMPLES, ids=[where for where, _, _ in EXAMPLES])
def test_every_example_fits_its_schema(where: str, schema: dict[str, Any], example: object) -> None:
    validate(example, schema)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


def test_every_problem_example_fits_the_problem_schema() -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for example in DOCUMENT["components"]["examples"].values():
        validate(example["value"], schema)


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for part in node.values():
                yield from references(part)
        elif isinstance(node, list):
            for part in node:
                yield from references(part)

    for reference in set(references(DOCUMENT)):
        node: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step.replace("~1", "/")]


@every
def test_tells_what_it_does_and_how_it_fails(operation: Operation) -> None:
    told = operation.told
    assert told.get("summary")
    assert told.get("description"), "the docstring of a route is public text"
    for status in ("422", "429", "500", "503"):
        assert MEDIA_TYPE in told["responses"][status]["content"]
    if told.get("security"):
        assert "unauthenticated" in told["responses"]["401"]["content"][MEDIA_TYPE]["examples"]


@every
def test_belongs_under_a_described_heading(operation: Operation) -> None:
    described = {name for name, _ in TAGS}
    assert set(operation.told["tags"]) <= described


@every
def test_names_the_other_spellings_of_its_parameters(operation: Operation) -> None:
    for parameter in operation.told.get("parameters", ()):
        if parameter["in"] == "query" and parameter["name"] in SPELLINGS:
            for other in SPELLINGS[parameter["name"]]:
                assert f"`{other}`" in parameter["description"]


def test_nothing_of_the_framework_shines_through() -> None:
    assert "HTTPValidationError" not in str(DOCUMENT)


def test_tells_no_secret_setting() -> None:
    text = str(DOCUMENT).lower()
    assert "postgresql://" not in text
    assert "redis://" not in text
    assert len({operation.name for operation in ALL}) == len(ALL)
