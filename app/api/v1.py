"""The table of contents of the API: one line per feature, all under /api/v1; what is asked most often stands first."""

from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from app.accounts import router as accounts
from app.api import files
from app.api.declared import refuse_unknown_parameters
from app.api.limits import limit_caller
from app.jobs import router as jobs
from app.products import categories_router, export_router, parts_router, prices_router, stock_router
from app.products import router as products
from app.scraping import inspection_router, mappings_router, sources_router
from app.scraping import router as scraping
from app.suppliers import router as suppliers
from app.sync import router as sync

BASE: Final = "/api/v1"

ROUTERS: Final[tuple[APIRouter, ...]] = (
    accounts.router,
    export_router.router,
    products.router,
    prices_router.router,
    parts_router.router,
    categories_router.router,
    stock_router.router,
    files.router,
    jobs.router,
    scraping.router,
    inspection_router.router,
    sources_router.router,
    mappings_router.router,
    sync.router,
    suppliers.router,
)

EVERY_ROUTE: Final = (Depends(refuse_unknown_parameters), Depends(limit_caller))


def include(app: FastAPI) -> None:
    """Give the application all routes of the API."""
    for router in ROUTERS:
        include_below(app, BASE, router)


def include_below(app: FastAPI, base: str, router: APIRouter) -> None:
    """Give the application one router's routes, held to what holds for every route."""
    app.include_router(router, prefix=base, dependencies=EVERY_ROUTE)
    _ask_only_below(f"{base}{router.prefix}", app.router.routes[-1])


def _ask_only_below(prefix: str, included: BaseRoute) -> None:
    # The framework tries every route of every router in turn, some 3 us each and most of them twice; with 60 routes
    # that is more than all our middleware. A router whose prefix is not the path's is not asked at all.
    matches = included.matches

    def matches_below(scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(scope.get("root_path", "") + prefix):
            return matches(scope)
        return Match.NONE, {}

    included.matches = matches_below  # type: ignore[method-assign]
