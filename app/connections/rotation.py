"""Sealing all credentials anew after the key has changed. Safe to break off and to repeat: what is done is not done
again, and connections go on working meanwhile.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import select

from app.connections.credentials import place_of
from app.connections.models import ConnectionSecret
from app.core.config import Settings
from app.core.sealing import SealBroken, present_key_id, seal, unseal
from app.core.system_session import SystemDatabase

BATCH = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many were sealed anew, and how many no configured key opens."""

    sealed: int
    unreadable: int


async def rotate(app: Settings, system: SystemDatabase) -> Rotated:
    """Seal under the present key what another one has sealed, in transactions of some hundred."""
    sealed = unreadable = 0
    after = None
    while True:
        async with system.session() as session:
            statement = select(ConnectionSecret).where(ConnectionSecret.key_id != present_key_id(app))
            if after is not None:
                statement = statement.where(ConnectionSecret.connection_id > after)
            ordered = statement.order_by(ConnectionSecret.connection_id).limit(BATCH).with_for_update()
            rows = list(await session.scalars(ordered))
            if not rows:
                return Rotated(sealed, unreadable)
            for row in rows:
                is_done = _seal_anew(app, row)
                sealed, unreadable = sealed + is_done, unreadable + (not is_done)
            after = rows[-1].connection_id


def _seal_anew(app: Settings, row: ConnectionSecret) -> bool:
    # The content stays, so `version` does: nobody has to read it again.
    place = place_of(row.tenant_id, row.connection_id)
    try:
        made = seal(unseal(row.sealed, place, app), place, app)
    except SealBroken:
        log.warning("credentials_unreadable", connection_id=str(row.connection_id))
        return False
    row.sealed, row.key_id = made.blob, made.key_id
    return True
