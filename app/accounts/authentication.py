"""From the token of a request to its actor, on the hot path without the database: what was verified is remembered by
the token's hash, who stands behind it by app/accounts/principals.py.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.errors import AccessTokenExpired, TokenRefused
from app.accounts.principals import PrincipalCache, PrincipalKey, find_foreign_principal, load_session_principal
from app.accounts.provisioning import adopt_foreign_user
from app.core import clock, tokens
from app.core.errors import AppError
from app.core.redis import RedisGate
from app.core.resources import Resources
from app.core.system_session import SystemDatabase
from app.core.tokens import AccessClaims, Claims, TokenExpired, TokenInvalid

MAX_VERIFIED = 20_000
RECONNECT_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Authenticator:
    """One per process: the key table, what was verified lately, and the principals."""

    def __init__(self, resources: Resources, system: SystemDatabase) -> None:
        self.settings = resources.settings
        self.ring = tokens.keyring(resources.settings)
        self.principals = PrincipalCache()
        self.redis: RedisGate = resources.redis
        self.system = system
        self._verified: dict[bytes, Claims] = {}

    async def authenticate(self, token: str) -> Actor:
        """The actor behind a bearer token; raises what the caller is to be told otherwise."""
        claims = self._verify(token)
        key: PrincipalKey = claims.session_id if isinstance(claims, AccessClaims) else (claims.issuer, claims.subject)
        actor = self.principals.find(key) or await self._load(key, claims)
        if isinstance(claims, AccessClaims) and (actor.user_id, actor.tenant_id) != (claims.user_id, claims.tenant_id):
            log.warning("token_refused", reason="user or tenant is not the session's")
            raise TokenRefused
        return actor

    async def forget(self, user_id: UUID) -> None:
        """Make a change of a user's sessions, role or state count from their next request on, in every process."""
        self.principals.forget_user(user_id)
        await self.redis.guarded(lambda redis: redis.publish(self._channel, str(user_id)), 0)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear, inside the block, what other processes say has changed."""
        listener = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            # redis-py loses a cancellation that meets one of its own steps, so it is repeated until it is heard.
            while not listener.done():
                listener.cancel()
                await asyncio.wait({listener}, timeout=0.05)

    async def _listen(self) -> None:
        while True:
            with suppress(RedisError, OSError, TimeoutError):
                async with self.redis.client.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    self.principals.forget_all()
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5.0)
                        if message is not None:
                            self.principals.forget_user(UUID(message["data"]))
            await asyncio.sleep(RECONNECT_SECONDS)

    @property
    def _channel(self) -> str:
        return f"{self.redis.prefix}principals"

    def _verify(self, token: str) -> Claims:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(digest)
        if claims is not None:
            if claims.expires_at > clock.now().timestamp():
                return claims
            del self._verified[digest]
            raise AccessTokenExpired
        try:
            claims = tokens.verify(self.ring, token)
        except TokenExpired:
            log.info("token_refused", reason="expired")
            raise AccessTokenExpired from None
        except TokenInvalid as error:
            log.warning("token_refused", reason=str(error))
            raise TokenRefused from None
        if len(self._verified) >= MAX_VERIFIED:
            self._verified.clear()
        self._verified[digest] = claims
        return claims

    async def _load(self, key: PrincipalKey, claims: Claims) -> Actor:
        generation = self.principals.generation
        try:
            async with self.system.session() as session:
                actor = await self._read(session, claims)
        except AppError as refusal:
            log.warning("access_refused", code=refusal.code, principal=str(key))
            raise
        self.principals.remember(key, actor, generation=generation)
        return actor

    async def _read(self, session: AsyncSession, claims: Claims) -> Actor:
        if isinstance(claims, AccessClaims):
            return await load_session_principal(session, claims)
        found = await find_foreign_principal(session, claims)
        return found or await adopt_foreign_user(session, claims, self.settings)
