"""create_app(): settings, what the process holds open, middleware, error handlers, routers. Nothing else lives here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import errors, v1
from app.core.config import Settings, get_settings
from app.core.resources import Resources
from app.core.system_session import SystemDatabase

VERSION = "0.1.0"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web application; its pools open with its lifespan."""
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.resources = Resources.open(settings)
        app.state.system = SystemDatabase(settings)
        try:
            yield
        finally:
            await app.state.system.close()
            await app.state.resources.close()

    app = FastAPI(
        title=settings.project_name,
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    errors.install(app)
    v1.include(app)
    return app
