"""What the routes declare, read from them: query parameters (any other is refused, so that a misspelt filter never
answers everything) and the methods of a path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from app.core.errors import FieldError, Unprocessable


@dataclass(frozen=True, slots=True)
class Declared:
    """The query parameters of an endpoint: all of them, and those that may come more than once."""

    names: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()


NOTHING = Declared()


def declared_parameters(app: FastAPI) -> Mapping[object, Declared]:
    """Endpoint -> what it and its dependencies declare."""
    found: dict[object, Declared] = {}
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            parameters = dict(_parameters(route.dependant))
            lists = frozenset(name for name, annotation in parameters.items() if _is_list(annotation))
            found[route.endpoint] = Declared(frozenset(parameters), lists)
    return found


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


async def refuse_unknown_parameters(request: Request) -> None:
    query: bytes = request.scope["query_string"]
    if not query:
        return
    state = request.app.state
    if not hasattr(state, "declared_parameters"):
        state.declared_parameters = declared_parameters(request.app)
    declared: Declared = state.declared_parameters.get(request.scope["endpoint"], NOTHING)
    given = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    if unknown := [name for name in given if name not in declared.names]:
        raise _unknown(unknown, declared.names)
    if len(set(given)) < len(given):
        _refuse_repeated(given, declared.lists)


def _parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from ((inner.alias or name, inner.annotation) for name, inner in model.model_fields.items())
        else:
            yield field.alias, model
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in {list, set, tuple, frozenset} or any(
        _is_list(part) for part in get_args(annotation)
    )


def _unknown(unknown: list[str], known: frozenset[str]) -> Unprocessable:
    near = get_close_matches(unknown[0], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    errors = [FieldError(("query", name), "unknown query parameter", "parameter_unknown") for name in unknown]
    return Unprocessable(f"Unknown query parameter {unknown[0]!r}; {hint}", errors=errors)


def _refuse_repeated(given: list[str], lists: frozenset[str]) -> None:
    # Which of two values would count is anybody's guess.
    for name in given:
        if given.count(name) > 1 and name not in lists:
            error = FieldError(("query", name), "given more than once", "parameter_repeated")
            raise Unprocessable(f"The query parameter {name!r} was given more than once.", errors=[error])
