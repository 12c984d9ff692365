"""Codes and tokens of an application in status "Test": access for 24 hours, refresh for 48 that no refresh extends."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ACCESS, REFRESH, CODE = timedelta(hours=24), timedelta(hours=48), timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token or code: whose it is, for which application, until when; and until when the consent lasts."""

    app_key: str
    account: str
    until: datetime
    consent_until: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """What one call for tokens gives."""

    access_token: str
    refresh_token: str
    access: Grant
    refresh: Grant


@dataclass(slots=True)
class Tokens:
    """All that were issued and are not spent. Times are the sandbox's."""

    codes: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)

    def new_code(self, app_key: str, account: str, now: datetime) -> str:
        """A code after a consent; it works once."""
        code = f"3_{app_key}_{secrets.token_urlsafe(24)}"
        self.codes[code] = Grant(app_key, account, now + CODE, now + REFRESH)
        return code

    def exchange(self, app_key: str, code: str, now: datetime) -> Issued | None:
        """The tokens of a code; None for a code that is spent, over or of another application."""
        grant = self.codes.pop(code, None)
        if grant is None or grant.app_key != app_key or grant.until <= now:
            return None
        return self._issue(app_key, grant.account, now, now + REFRESH)

    def renew(self, app_key: str, refresh_token: str, now: datetime) -> Issued | None:
        """New tokens; the old refresh token is spent, and the new one ends when it would have."""
        grant = self.refresh.get(refresh_token)
        if grant is None or grant.app_key != app_key or grant.until <= now:
            return None
        del self.refresh[refresh_token]
        return self._issue(app_key, grant.account, now, grant.consent_until)

    def holder(self, app_key: str, access_token: str, now: datetime) -> str | None:
        """Whose access token it is; None if it opens nothing."""
        grant = self.access.get(access_token)
        return grant.account if grant and grant.app_key == app_key and grant.until > now else None

    def end(self, access_token: str) -> None:
        """It opens nothing from now on."""
        self.access.pop(access_token, None)

    def _issue(self, app_key: str, account: str, now: datetime, consent_until: datetime) -> Issued:
        access = Grant(app_key, account, min(now + ACCESS, consent_until), consent_until)
        refresh = Grant(app_key, account, consent_until, consent_until)
        issued = Issued(f"5000{secrets.token_hex(24)}", f"5000{secrets.token_hex(24)}", access, refresh)
        self.access[issued.access_token] = access
        self.refresh[issued.refresh_token] = refresh
        return issued
