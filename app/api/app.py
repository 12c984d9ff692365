"""create_app(): settings, what the process holds open, middleware, error handlers, routers. Nothing else lives here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.accounts.authentication import Authenticator
from app.api import catalogue, docs, errors, health, legacy, middleware, openapi, v1
from app.api.version import VERSION
from app.core import lanes
from app.core.config import Settings, get_settings
from app.core.lanes import Lanes
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.queue import announce, registry


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web application; its pools open with its lifespan."""
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        registry.load()
        app.state.resources = Resources.open(settings)
        announce.use(app.state.resources.redis)
        lanes.use(Lanes(app.state.resources.redis))
        app.state.system = SystemDatabase(settings)
        app.state.authenticator = Authenticator(app.state.resources, app.state.system)
        try:
            async with app.state.authenticator.listening():
                yield
        finally:
            await announce.finish()
            if feed := getattr(app.state, "job_feed", None):
                await feed.close()
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
        middleware=middleware.stack(settings),
    )
    errors.install(app)
    v1.include(app)
    legacy.include(app)
    app.include_router(catalogue.router, prefix="/api")
    app.include_router(health.router)
    docs.install(app)
    openapi.install(app)
    return app
