"""A process of its own that opens one connection many times at once: `python -m tests.connections.renewing`.

Its vendor asks the issuer (a line over a socket of this machine) for new tokens.
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel, JsonValue

from app.connections.access import open_access
from app.core import clock
from app.core.config import Settings
from app.core.database import Database
from app.core.tenancy import Scope
from app.integrations import registry
from app.integrations.contracts.access import Access, Tokens
from app.integrations.contracts.errors import AuthExpired
from app.integrations.contracts.vendor import Vendor

SLUG = "issuer"


class NoSettings(BaseModel):
    """The vendor has none."""


class Words:
    """The OAuth words of the vendor (contracts.access.OAuth)."""

    def __init__(self, port: int) -> None:
        self.port = port

    def authorize_url(self, access: Access, *, state: str, redirect_uri: str) -> str:
        return f"https://issuer.example/?state={state}&redirect_uri={redirect_uri}"

    async def exchange(self, access: Access, *, code: str, redirect_uri: str) -> Tokens:
        return await self._ask(code)

    async def refresh(self, access: Access, *, refresh_token: str) -> Tokens:
        return await self._ask(refresh_token)

    async def _ask(self, token: str) -> Tokens:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{token}\n".encode())
        answer = (await reader.readline()).decode().strip()
        writer.close()
        if not answer:
            raise AuthExpired("invalid_grant")
        return Tokens(answer, clock.now() + timedelta(hours=1))


def no_settings(_url: str) -> Mapping[str, JsonValue]:
    return {}


def vendor(port: int) -> Vendor:
    return Vendor(
        slug=SLUG, label="Issuer", auth="oauth", settings=NoSettings, sandbox_settings=no_settings, oauth=Words(port)
    )


async def main(tenant_id: int, connection_id: UUID, port: int, users: int) -> None:
    registry.VENDORS[SLUG] = vendor(port)
    settings = Settings(_env_file=None)
    database = Database(settings, pool_size=5)
    sessions = database.sessions(Scope(tenant_id=tenant_id))
    opened = await asyncio.gather(*(open_access(sessions, settings, connection_id) for _ in range(users)))
    sys.stdout.write(" ".join({access.credentials["access_token"] for access in opened}))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
