"""The dependency of routes that start jobs, spend money or publish; the protocol is app/core/idempotency.py."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Request

from app.accounts.dependencies import CurrentActor, get_resources
from app.core.idempotency import Address, Idempotency

PRINTABLE = r"^[\x21-\x7e]{1,255}$"


async def hold_key(
    request: Request,
    actor: CurrentActor,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=PRINTABLE,
            description="Makes the request safe to repeat: the same key with the same body gets the stored answer.",
            examples=["9b2f7c1e-import-2026-11-22"],
        ),
    ] = None,
) -> AsyncIterator[Idempotency]:
    """Hold the request's key while the route runs."""
    address = None
    if idempotency_key is not None:
        path: str = request.scope["path"]
        address = Address(actor.user_id, actor.tenant_id, request.method, path, idempotency_key)
    idempotency = Idempotency(get_resources(request).database.sessions(actor.scope), address)
    if address is not None and not _is_upload(request):
        await idempotency.claim(request.scope["query_string"] + b"\n" + await request.body())
    try:
        yield idempotency
    except BaseException:
        # The session, declared after this, has rolled back by now: its row lock is gone, and the answer with it.
        await idempotency.release()
        raise
    if not idempotency.is_answered:
        await idempotency.release()


def _is_upload(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/")


Idempotent = Annotated[Idempotency, Depends(hold_key, scope="function")]
