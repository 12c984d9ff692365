"""The table of contents of the API: one line per feature, all under /api/v1."""

from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from app.api.query_names import refuse_unknown_parameters

BASE: Final = "/api/v1"

ROUTERS: Final[tuple[APIRouter, ...]] = ()


def include(app: FastAPI) -> None:
    """Give the application all routes of the API."""
    for router in ROUTERS:
        app.include_router(router, prefix=BASE, dependencies=[Depends(refuse_unknown_parameters)])
