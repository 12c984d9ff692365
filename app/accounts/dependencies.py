"""What routes depend on: the proven caller, their permissions, their database session, what the process holds open.

Every route names a guard (`require`, `require_admin`, `find_actor`) or is marked `@public`; a test lists the routes.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import structlog
from fastapi import Depends, Request
from fastapi.openapi.models import OAuthFlowPassword, OAuthFlows
from fastapi.security import OAuth2
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.errors import AdminRequired, TenantRequired, TokenRefused
from app.accounts.permissions import Permission
from app.core import context
from app.core.errors import Forbidden, Unauthenticated
from app.core.resources import Resources

TOKEN_URL = "/api/v1/auth/token"  # noqa: S105 (an address, not a secret)

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])
log = structlog.get_logger(__name__)
_public: set[Callable[..., object]] = set()


def public(endpoint: Endpoint) -> Endpoint:
    """Mark a route that is open to everybody."""
    _public.add(endpoint)
    return endpoint


def is_public(endpoint: Callable[..., object]) -> bool:
    """Whether a route was marked as open to everybody."""
    return endpoint in _public


def get_resources(request: Request) -> Resources:
    """What this process holds open."""
    resources: Resources = request.app.state.resources
    return resources


async def use_resources(request: Request) -> Resources:
    """The same as a dependency; asynchronous, because FastAPI runs others in threads."""
    return get_resources(request)


def get_authenticator(request: Request) -> Authenticator:
    """The authenticator of this process."""
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


async def use_authenticator(request: Request) -> Authenticator:
    """The same as a dependency."""
    return get_authenticator(request)


class BearerToken(OAuth2):
    """Reads `Authorization: Bearer …` (the scheme in any case) and gives Swagger UI its Authorize button."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        values = request.headers.getlist("authorization")
        if not values:
            return None
        scheme, _, token = values[0].partition(" ")
        if len(values) > 1 or scheme.lower() != "bearer" or not token:
            log.warning("token_refused", reason="not one bearer token")
            raise TokenRefused("Send one header `Authorization: Bearer <access token>`.")
        return token


bearer_token = BearerToken(
    scheme_name="Account",
    description="An access token from /auth/login or /auth/token.",
    flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl=TOKEN_URL)),
    auto_error=False,
)


async def find_actor(request: Request, token: Annotated[str | None, Depends(bearer_token)]) -> Actor | None:
    """The caller, or None for somebody without a token; a wrong token is refused all the same."""
    if token is None:
        return None
    actor = await get_authenticator(request).authenticate(token)
    context.bind(tenant_id=actor.tenant_id, user_id=actor.user_id)
    return actor


OptionalActor = Annotated[Actor | None, Depends(find_actor)]


async def get_actor(actor: OptionalActor) -> Actor:
    """The caller, who must have a valid token."""
    if actor is None:
        raise Unauthenticated
    return actor


CurrentActor = Annotated[Actor, Depends(get_actor)]


@dataclass(frozen=True)
class Guard:
    """A dependency that lets through who has all of its permissions; a class so that the route test finds it."""

    permissions: tuple[Permission, ...] = ()
    admin: bool = False

    async def __call__(self, actor: CurrentActor) -> Actor:
        if self.admin and not actor.is_admin:
            log.warning("permission_refused", permission="platform admin", role=actor.role)
            raise AdminRequired
        if self.permissions and actor.tenant_id is None:
            raise TenantRequired
        for permission in self.permissions:
            if not actor.can(permission):
                log.warning("permission_refused", permission=permission, role=actor.role)
                raise Forbidden(f"Your role in this tenant does not include {permission}.")
        return actor


def require(*permissions: Permission) -> Callable[..., object]:
    """A dependency that answers the actor: 401 without a valid token, 403 without the permissions or a tenant."""
    return Guard(permissions)


def require_admin() -> Callable[..., object]:
    """A dependency that answers the actor, who must be an administrator of the platform."""
    return Guard(admin=True)


async def get_tenant_session(request: Request, actor: CurrentActor) -> AsyncIterator[AsyncSession]:
    """A session in the caller's tenant and name; what it wrote is committed before the answer is sent."""
    async with get_resources(request).database.session(actor.scope) as session:
        yield session


TenantSession = Annotated[AsyncSession, Depends(get_tenant_session, scope="function")]
