"""What the routes declare, read from them: query parameters (others are refused, so that a misspelt filter never
answers everything) and the methods of a path.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from app.core.errors import FieldError, Unprocessable


def declared_names(app: FastAPI) -> Mapping[object, frozenset[str]]:
    """Endpoint -> names of the query parameters that it or its dependencies declare."""
    names: dict[object, frozenset[str]] = {}
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute):
            names[found.endpoint] = names.get(found.endpoint, frozenset()) | frozenset(_names(found.dependant))
    return names


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods that a path has, over all its routes."""
    methods: set[str] = set()
    for found in iter_route_contexts(app.routes):
        pattern = getattr(found, "path_regex", None)
        if pattern is not None and pattern.match(path):
            methods |= found.methods or set()
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods | {"OPTIONS"})


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (inner.alias or name for name, inner in model.model_fields.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)


async def refuse_unknown_parameters(request: Request) -> None:
    query: bytes = request.scope["query_string"]
    if not query:
        return
    state = request.app.state
    if not hasattr(state, "query_names"):
        state.query_names = declared_names(request.app)
    known: frozenset[str] = state.query_names.get(request.scope["endpoint"], frozenset())
    unknown = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if name not in known]
    if unknown:
        raise _refusal(unknown, known)


def _refusal(unknown: list[str], known: frozenset[str]) -> Unprocessable:
    near = get_close_matches(unknown[0], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    errors = [FieldError(("query", name), "unknown query parameter", "parameter_unknown") for name in unknown]
    return Unprocessable(f"Unknown query parameter {unknown[0]!r}; {hint}", errors=errors)
