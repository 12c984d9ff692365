"""Makes tokens by hand, right and wrong ones, without the library that the product uses."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from uuid import UUID

from app.core import clock, tokens
from app.core.config import Settings
from app.core.ids import new_id

DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encode(part: bytes | Mapping[str, object]) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(header: bytes | Mapping[str, object], claims: bytes | Mapping[str, object], secret: bytes) -> str:
    """A token with a fitting HMAC, whatever its header says."""
    algorithm = header.get("alg") if isinstance(header, Mapping) else "HS256"
    signed = f"{encode(header)}.{encode(claims)}"
    digest = hmac.new(secret, signed.encode(), DIGESTS.get(str(algorithm), hashlib.sha256)).digest()
    return f"{signed}.{encode(digest)}"


def our_header(settings: Settings, **changes: object) -> dict[str, object]:
    return {"alg": "HS256", "typ": tokens.ACCESS, "kid": tokens.keyring(settings).active.kid} | changes


def our_claims(
    user_id: UUID | None = None, session_id: UUID | None = None, tenant_id: int | None = 1, **changes: object
) -> dict[str, object]:
    now = int(clock.now().timestamp())
    claims: dict[str, object] = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": str(user_id or new_id()),
        "sid": str(session_id or new_id()),
        "tid": tenant_id,
        "jti": str(new_id()),
        "iat": now,
        "exp": now + 900,
    }
    return claims | changes


def claims_of(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def secret_of(settings: Settings) -> bytes:
    return settings.secret_key.get_secret_value().encode()
