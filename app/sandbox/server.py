"""The ASGI application of the sandbox: each vendor under its name, the control under /_sandbox."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from app.core.config import Settings
from app.sandbox.control import Control
from app.sandbox.wire import CONTROL, Wire
from app.sandbox.world import World


class NotInProduction(RuntimeError):
    """The sandbox was asked for in production."""


def create_app(settings: Settings, *, world: World | None = None) -> Starlette:
    """The sandbox over a world of its own; never in production."""
    if settings.is_production:
        raise NotInProduction("the sandbox is for development and trial: ENVIRONMENT=production has none")
    key, secret = settings.aliexpress_app_key, settings.aliexpress_app_secret.get_secret_value()
    apps = {key: secret} if key and secret else {}
    held = world or World(seed=settings.sandbox_seed, products=settings.sandbox_products, aliexpress_apps=apps)
    control = Control(held, settings.sandbox_token.get_secret_value())
    return Starlette(
        routes=[
            Mount(f"/{CONTROL}", routes=control.routes()),
            *(Mount(f"/{name}", routes=vendor.routes()) for name, vendor in held.vendors.items()),
        ],
        middleware=[Middleware(Wire, ledger=held.ledger, faults=held.faults, words=held.vendors)],
    )
