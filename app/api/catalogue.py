"""Every error that the API can answer, read from the classes: docs/errors.md and /api/errors/{code} are made of it."""

import inspect
from collections.abc import Iterator

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.accounts.dependencies import public
from app.core.errors import AppError, NotFound
from app.core.problems import problems

router = APIRouter(prefix="/errors", tags=["system"])


class ErrorEntry(BaseModel):
    """One stable code of the API."""

    code: str = Field(examples=["not_found"])
    status: int = Field(examples=[404])
    title: str = Field(examples=["There is no such thing here"])
    when: str = Field(description="When it is answered.")
    mend: str = Field(description="What a client does about it.")


class UnknownErrorCode(NotFound):
    """The catalogue has no such code."""

    code, title = "error_code_unknown", "There is no such error code"


def error_classes() -> list[type[AppError]]:
    """The classes of all loaded modules by status and code; the first of a code speaks for it."""
    classes: set[type[AppError]] = {AppError, *_descendants(AppError)}
    ours = [error for error in classes if error.__module__.startswith("app.")]
    return sorted(ours, key=lambda each: (each.status, each.code, each.__name__))


def entries() -> dict[str, ErrorEntry]:
    """All codes of the modules that are loaded."""
    found: dict[str, ErrorEntry] = {}
    for error in error_classes():
        found.setdefault(error.code, _entry(error))
    return found


def _descendants(error: type[AppError]) -> Iterator[type[AppError]]:
    for child in error.__subclasses__():
        yield child
        yield from _descendants(child)


def _entry(error: type[AppError]) -> ErrorEntry:
    when = inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    fact, _, advice = error.title.partition("; ")
    mend = error.mend if "mend" in vars(error) or not advice else f"{advice[0].upper()}{advice[1:]}."
    return ErrorEntry(code=error.code, status=error.status, title=error.title, when=when or f"{fact}.", mend=mend)


@router.get("")
@public
async def list_error_codes() -> list[ErrorEntry]:
    """Every error code that the API answers."""
    return list(entries().values())


@router.get("/{code}", responses=problems(UnknownErrorCode))
@public
async def get_error_code(code: str) -> ErrorEntry:
    """What an error code means and what to do about it; the address is the `type` of the problem."""
    found = entries().get(code)
    if found is None:
        raise UnknownErrorCode(f"No error has the code {code!r}.")
    return found
