"""The operations of the API as the OpenAPI document tells them, and ways to call each with something in one place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from app.api.app import create_app
from app.core.config import Settings
from app.core.ids import new_id

Json = dict[str, Any]

APP = create_app(Settings(_env_file=None))
DOCUMENT: Json = APP.openapi()


def resolved(schema: Json) -> Json:
    """A schema without the reference, the alternative of null or the single allOf around it."""
    while True:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        else:
            return schema


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    told: Json

    @property
    def name(self) -> str:
        return str(self.told["operationId"])

    @property
    def is_of_the_api(self) -> bool:
        return self.path.startswith("/api/v1/")

    @cached_property
    def body_schema(self) -> Json | None:
        content = self.told.get("requestBody", {}).get("content", {})
        return resolved(content["application/json"]["schema"]) if "application/json" in content else None

    def parameters(self, place: str) -> dict[str, Json]:
        """Name -> schema of the parameters in path, query or header."""
        return {p["name"]: resolved(p["schema"]) for p in self.told.get("parameters", ()) if p["in"] == place}

    def address(self, **given: str) -> str:
        """The path with given or harmless values."""
        values = {
            name: given.get(name) or (str(new_id()) if schema.get("format") == "uuid" else "1")
            for name, schema in self.parameters("path").items()
        }
        return self.path.format(**values)

    def body(self) -> Json:
        """A body of the documented examples."""
        return sample(self.body_schema) if self.body_schema is not None else {}

    async def call(
        self, client: httpx.AsyncClient, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Send it."""
        url = more.pop("url", None) or self.address()
        return await client.request(self.method.upper(), url, headers=headers, **more)


def sample(schema: Json) -> Any:
    """A value of the documented examples, as far as they go."""
    schema = resolved(schema)
    for told in (schema.get("examples"), [schema["example"]] if "example" in schema else None, schema.get("enum")):
        if told:
            return told[0]
    if schema.get("type") == "array":
        return [sample(schema["items"])]
    if schema.get("type", "object") == "object":
        properties = schema.get("properties", {})
        return {name: sample(properties[name]) for name in schema.get("required", ()) if name in properties}
    scalars = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}
    return scalars.get(schema["type"], str(new_id()) if schema.get("format") == "uuid" else "text")


def operations() -> Iterator[Operation]:
    """All of them."""
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                yield Operation(method, path, item[method])


ALL = tuple(operations())
OF_THE_API = tuple(each for each in ALL if each.is_of_the_api)
WITH_JSON = tuple(each for each in OF_THE_API if each.body_schema is not None)
LISTS = tuple(each for each in OF_THE_API if "limit" in each.parameters("query"))


def name_of(operation: Operation) -> str:
    return operation.name
