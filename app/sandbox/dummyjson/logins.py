"""The vendor's demonstration logins: tokens signed with a key that lives as long as the process."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from app.sandbox.dummyjson.shop import Json

MAX_MINUTES = 43_200
DEFAULT_MINUTES = 60
USER: Json = {
    "id": 1,
    "username": "emilys",
    "email": "emily.johnson@x.dummyjson.com",
    "firstName": "Emily",
    "lastName": "Johnson",
    "gender": "female",
    "image": "https://dummyjson.com/icon/emilys/128",
}
PASSWORD = "emilyspass"  # noqa: S105 - printed in the vendor's documentation
_KEY = secrets.token_bytes(32)


def new_token(kind: str, minutes: int, now: datetime) -> str:
    """A token in the form of the vendor's."""
    claims = {
        **USER,
        "kind": kind,
        "exp": int((now + timedelta(minutes=minutes)).timestamp()),
        "iat": int(now.timestamp()),
    }
    body = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(claims)}"
    return f"{body}.{_signature(body)}"


def holder_of(token: str, kind: str, now: datetime) -> Json | None:
    """The claims of a token that is ours, of that kind and not expired."""
    body, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(body).encode(), signature.encode()):
        return None
    packed = body.partition(".")[2]
    claims: Json = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    return claims if claims["kind"] == kind and int(str(claims["exp"])) > now.timestamp() else None


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signature(body: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(_KEY, body.encode(), hashlib.sha256)).rstrip(b"=").decode()
