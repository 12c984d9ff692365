"""What opens a vendor: the credentials of a connection, checking them, and the OAuth words of vendors that need them.
Keeping credentials (encrypted, one refresh at a time) lives in connections.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from app.core.config import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """All that a call over a connection needs. `settings` is what `Vendor.settings_for` gave.

    `lane` names the connection: its calls share one rate and one circuit breaker in all processes.
    """

    app: Settings
    settings: BaseModel
    credentials: Mapping[str, str]
    lane: str


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is, as the vendor names it, so that one account is not connected twice by mistake."""

    external_id: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a vendor issued. Times are absolute. `refresh_token` None in an answer to a refresh: the old one stays."""

    access_token: str
    expires_at: datetime | None
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None
    account: Account | None = None


class CredentialsCheck(Protocol):
    """Tells whether credentials open the account, by a real and cheap call."""

    async def __call__(self, access: Access) -> Account:
        """The account that they open. Raises AuthExpired where the vendor refuses them."""
        ...


class OAuth(Protocol):
    """The OAuth words of one vendor. The application's own key and secret are operator settings."""

    def authorize_url(self, access: Access, *, state: str, redirect_uri: str) -> str:
        """Where the seller's browser is sent. Calls nothing."""
        ...

    async def exchange(self, access: Access, *, code: str, redirect_uri: str) -> Tokens:
        """The tokens of a code, which works once. Raises AuthExpired for a code that is not accepted."""
        ...

    async def refresh(self, access: Access, *, refresh_token: str) -> Tokens:
        """New tokens. Raises AuthExpired where only a new consent of the seller helps. Never tried again by itself: an
        answer that got lost may have spent the token.
        """
        ...
