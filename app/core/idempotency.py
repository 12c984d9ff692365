"""Safe repetition of a POST: the same `Idempotency-Key` with the same body is answered once and repeated from memory.

A route declares `idempotency: Idempotent` (app/accounts/idempotent.py) **before** its session, and ends with

    return await idempotency.remember(session, 202, job, headers={"Location": f"/api/v1/jobs/{job.id}"})

The key is claimed in a short transaction of its own before the route runs; the answer is written in the transaction of
the effect, so both are there or neither is. A route that raises, or returns without `remember` (an answer that holds a
secret), gives the key back. A claim whose process died is taken over after 60 seconds, and the claim's number fences
off the one that was overtaken. A route that takes an upload claims by itself, once it knows the content:
`await idempotency.claim(upload.object.sha256.encode() + …)`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from starlette.responses import Response

from app.core.database import Sessions, SharedBase
from app.core.errors import Conflict, Unprocessable
from app.core.ids import new_id
from app.core.tenancy import RowScope

STALE_SECONDS: Final = 60
KEEP_HOURS: Final = 24
REPLAYED: Final = "Idempotent-Replayed"
NO_TENANT: Final = 0


class IdempotencyKey(SharedBase):
    """One key of one user on one path: claimed, then answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)
    row_scope = RowScope.USER
    system_access = True

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    method: Mapped[str] = mapped_column(Text, primary_key=True)
    route: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    claim: Mapped[UUID]
    claimed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class IdempotencyKeyReused(Unprocessable):
    """The key was used before with another body."""

    code, title = "idempotency_key_reused", "This Idempotency-Key was used with another body"
    mend = "Use a new key for a new request."


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    code, title = "idempotency_in_progress", "The first request with this Idempotency-Key is still running"
    mend = "Repeat the same request in a moment."


class Overtaken(Conflict):
    """The request took so long that a repetition of it went ahead; nothing of this one was kept."""

    code, title = "idempotency_overtaken", "A repetition of this request has overtaken it"
    mend = "Repeat the same request to get the stored answer."


class AnsweredBefore(Exception):
    """Not a failure: the stored answer of the first request, on its way to the client."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("answered before")


@dataclass(frozen=True, slots=True)
class Address:
    """Whose key it is and where it was sent; a key means nothing anywhere else."""

    user_id: UUID
    tenant_id: int | None
    method: str
    route: str
    key: str

    def parameters(self) -> dict[str, object]:
        return {
            "user_id": self.user_id,
            "tenant_id": self.tenant_id or NO_TENANT,
            "method": self.method,
            "route": self.route,
            "key": self.key,
        }


_WHERE = "user_id = :user_id AND tenant_id = :tenant_id AND method = :method AND route = :route AND key = :key"

_CLAIM = text(f"""
    INSERT INTO idempotency_keys AS k (user_id, tenant_id, method, route, key, body_hash, claim)
    VALUES (:user_id, :tenant_id, :method, :route, :key, :body_hash, :claim)
    ON CONFLICT (user_id, tenant_id, method, route, key) DO UPDATE
    SET body_hash = excluded.body_hash, claim = excluded.claim, claimed_at = now(), created_at = now(),
        answered_at = NULL, status = NULL, headers = NULL, body = NULL
    WHERE k.created_at < now() - make_interval(hours => {KEEP_HOURS})
       OR (k.answered_at IS NULL AND k.body_hash = excluded.body_hash
           AND k.claimed_at < now() - make_interval(secs => {STALE_SECONDS}))
    RETURNING claim
""")
_FIND = text(f"SELECT body_hash, status, headers, body FROM idempotency_keys WHERE {_WHERE}")
_ANSWER = text(f"""
    UPDATE idempotency_keys
    SET answered_at = now(), status = :status, headers = CAST(:headers AS jsonb), body = :body
    WHERE {_WHERE} AND claim = :claim AND answered_at IS NULL
    RETURNING claim
""")
_RELEASE = text(f"DELETE FROM idempotency_keys WHERE {_WHERE} AND claim = :claim AND answered_at IS NULL")
_PURGE = text(f"DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => {KEEP_HOURS})")


class Idempotency:
    """One request's hold on its key; without a key every method is a plain pass-through."""

    def __init__(self, sessions: Sessions, address: Address | None) -> None:
        self._sessions = sessions
        self._address = address
        self._claim: UUID | None = None
        self.is_answered = False

    async def claim(self, fingerprint: bytes) -> None:
        """Take the key for a body. Raises the stored answer (AnsweredBefore), IdempotencyKeyReused or StillRunning."""
        if self._address is None:
            return
        claim, body_hash = new_id(), hashlib.sha256(fingerprint).digest()
        where = self._address.parameters()
        async with self._sessions.begin() as session:
            taken = await session.scalar(_CLAIM, {**where, "body_hash": body_hash, "claim": claim})
            known = None if taken else (await session.execute(_FIND, where)).one_or_none()
        if taken:
            self._claim = claim
            return
        if known is None or (known.status is None and known.body_hash == body_hash):
            raise StillRunning(headers={"Retry-After": "1"})
        if known.body_hash != body_hash:
            raise IdempotencyKeyReused
        headers = {**known.headers, REPLAYED: "true"}
        raise AnsweredBefore(Response(known.body, known.status, headers, "application/json"))

    async def remember(
        self,
        session: AsyncSession,
        status: int,
        body: BaseModel | Mapping[str, Any],  # JSON of any depth
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer, written down in the effect's transaction; a repetition gets the same bytes."""
        content = body.model_dump_json().encode() if isinstance(body, BaseModel) else orjson.dumps(body, default=str)
        response = Response(content, status, dict(headers or {}), "application/json")
        if self._address is None:
            return response
        if self._claim is None:
            raise RuntimeError("the key was never claimed: a route that takes an upload claims it by itself")
        answer = {"status": status, "headers": orjson.dumps(dict(headers or {})).decode(), "body": content}
        written = await session.scalar(_ANSWER, {**self._address.parameters(), **answer, "claim": self._claim})
        if written is None:
            raise Overtaken
        self.is_answered = True
        return response

    async def release(self) -> None:
        """Give the key back, so that the next request with it runs; nothing happens to a committed answer."""
        if self._address is not None and self._claim is not None:
            async with self._sessions.begin() as session:
                await session.execute(_RELEASE, {**self._address.parameters(), "claim": self._claim})


async def purge(session: AsyncSession) -> None:
    """Forget keys older than a day; run by the pulse under the system role."""
    await session.execute(_PURGE)
