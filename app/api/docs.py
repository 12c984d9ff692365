"""The documentation pages. Their scripts and styles are served by us, from the static files of `fastapi-offline`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS: Final = "/api/docs/assets"
OAUTH2_REDIRECT: Final = "/api/docs/oauth2-redirect"
# The pages of both tools start by a script of their own; nothing is loaded from elsewhere.
PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)


def install(app: FastAPI) -> None:
    """Add Swagger UI, ReDoc, their assets, and the redirects of the paths that people try first."""
    app.mount(ASSETS, StaticFiles(directory=_static_folder()), name="docs-assets")
    for path, page in (
        ("/api/docs", swagger_ui),
        (OAUTH2_REDIRECT, swagger_oauth2_redirect),
        ("/api/redoc", redoc),
        ("/docs", to_swagger_ui),
        ("/redoc", to_redoc),
        ("/", to_swagger_ui),
    ):
        app.add_route(path, page, include_in_schema=False)


async def swagger_ui(request: Request) -> Response:
    page = get_swagger_ui_html(
        openapi_url="/api/openapi.json",
        title=request.app.title,
        oauth2_redirect_url=OAUTH2_REDIRECT,
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True, "docExpansion": "none"},
    )
    return _page(page)


async def swagger_oauth2_redirect(_request: Request) -> Response:
    return _page(get_swagger_ui_oauth2_redirect_html())


async def redoc(request: Request) -> Response:
    page = get_redoc_html(
        openapi_url="/api/openapi.json",
        title=request.app.title,
        redoc_js_url=f"{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{ASSETS}/favicon.png",
        with_google_fonts=False,
    )
    return _page(page)


async def to_swagger_ui(_request: Request) -> Response:
    return RedirectResponse("/api/docs", status_code=308)


async def to_redoc(_request: Request) -> Response:
    return RedirectResponse("/api/redoc", status_code=308)


def _page(page: HTMLResponse) -> Response:
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    return page


def _static_folder() -> Path:
    # Found without importing the package, whose code we do not use.
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise RuntimeError("the package fastapi-offline is not installed; run `pip install -r requirements.txt`")
    return Path(found.origin).parent / "static"
