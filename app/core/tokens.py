"""Signed tokens (JWT): the only importer of python-jose, which decides nothing here but whether a signature fits.

The key is chosen by `kid` from the settings' own table and the algorithm from that key's row, never from the token.
What a token means (session, user, tenant) is decided by app/accounts.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from jose import jws, jwt
from jose.exceptions import JOSEError
from pydantic import SecretStr

from app.core import clock
from app.core.config import MIN_SECRET_BYTES, Settings
from app.core.ids import new_id

MAX_BYTES = 8192
CLOCK_SKEW = 10  # seconds that another machine's clock may run ahead when it stamps iat and nbf
MAX_LIFETIME = 366 * 86_400
ISSUER = "crossdock"
AUDIENCE = "crossdock-api"
ACCESS = "at+jwt"  # RFC 9068: the header's typ says what a token is for, so no other kind opens the API
SUPABASE_AUDIENCE = "authenticated"

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_HEADER_NAMES = {"alg", "kid", "typ"}  # no crit, b64, jwk, jku, x5u, zip: what we do not know, we refuse


class TokenInvalid(Exception):
    """The token is not one of ours, or was tampered with; the text is for the log, not for the caller."""


class TokenExpired(TokenInvalid):
    """The token was good and its time is over."""


@dataclass(frozen=True, slots=True)
class Key:
    """One row of the key table: a key has one algorithm and belongs to one issuer."""

    kid: str
    secret: bytes = field(repr=False)
    algorithm: Literal["HS256"] = "HS256"

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_SECRET_BYTES:
            raise ValueError(f"a signing secret must be at least {MIN_SECRET_BYTES} bytes long")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of this installation: one signs, all of `ours` verify, and Supabase's has a slot of its own."""

    active: Key
    ours: Mapping[str, Key]
    supabase: Key | None = None
    supabase_issuer: str | None = None


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What our own access token says; the database decides whether it is still true."""

    user_id: UUID
    session_id: UUID
    tenant_id: int | None
    token_id: UUID
    expires_at: int


@dataclass(frozen=True, slots=True)
class SupabaseClaims:
    """What a token of the installation's Supabase project says about a signed-in person."""

    issuer: str
    subject: UUID
    email: str
    expires_at: int


Claims = AccessClaims | SupabaseClaims


def keyring(settings: Settings) -> Keyring:
    """The key table from SECRET_KEY (signs), SECRET_KEY_PREVIOUS (still verifies) and SUPABASE_JWT_SECRET."""
    if not settings.secret_key.get_secret_value():
        raise RuntimeError("SECRET_KEY is not set; make one with `openssl rand -hex 32`")
    active = _own_key(settings.secret_key)
    ours = {active.kid: active}
    if settings.secret_key_previous.get_secret_value():
        previous = _own_key(settings.secret_key_previous)
        ours[previous.kid] = previous
    supabase_secret = settings.supabase_jwt_secret.get_secret_value()
    return Keyring(
        active=active,
        ours=ours,
        supabase=Key("supabase", supabase_secret.encode()) if supabase_secret else None,
        supabase_issuer=f"{settings.supabase_url.rstrip('/')}/auth/v1" if settings.supabase_url else None,
    )


def _own_key(secret: SecretStr) -> Key:
    material = secret.get_secret_value().encode()
    return Key(hashlib.sha256(b"crossdock kid " + material).hexdigest()[:16], material)


def sign_access(ring: Keyring, *, user_id: UUID, session_id: UUID, tenant_id: int | None, lifetime: timedelta) -> str:
    """A new access token of a session."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "sid": str(session_id),
        "tid": tenant_id,
        "jti": str(new_id()),
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
    }
    headers = {"kid": ring.active.kid, "typ": ACCESS}
    signed: str = jwt.encode(claims, ring.active.secret, algorithm=ring.active.algorithm, headers=headers)
    return signed


def verify(ring: Keyring, token: str) -> Claims:
    """What a token says, once its form, signature, times, issuer and audience have been found right."""

    def key_of(kid: str | None) -> Key | None:
        # Exactly one key is ever tried. Supabase's older secrets come without a kid, its newer ones with a kid of
        # theirs, so its slot answers for every kid that is not ours.
        return (ring.ours.get(kid) if kid else None) or ring.supabase

    key, header, payload = open_jws(token, key_of)
    claims = _strict_object(payload)
    if key is ring.supabase:
        return _supabase_claims(ring, claims)
    if header.get("typ") != ACCESS:
        raise TokenInvalid("not an access token")
    return _access_claims(claims)


def open_jws(token: str, key_of: Callable[[str | None], Key | None]) -> tuple[Key, Mapping[str, object], bytes]:
    """The key, header and payload of a compact JWS whose signature fits the key that `key_of` names for its kid."""
    if len(token) > MAX_BYTES:
        raise TokenInvalid("too long")
    if not _COMPACT.fullmatch(token):
        raise TokenInvalid("not three base64url parts")
    first, payload, _ = (_canonical_base64url(part) for part in token.split("."))
    header = _strict_object(first)
    if unknown := header.keys() - _HEADER_NAMES:
        raise TokenInvalid(f"header parameters not allowed: {len(unknown)}")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise TokenInvalid("kid is not a string")
    key = key_of(kid)
    if key is None:
        raise TokenInvalid("unknown kid")
    if header.get("alg") != key.algorithm:
        raise TokenInvalid("algorithm is not the key's")
    try:
        jws.verify(token, key.secret, algorithms=[key.algorithm])
    except JOSEError as error:
        raise TokenInvalid("signature does not fit") from error
    return key, header, payload


def _canonical_base64url(part: str) -> bytes:
    # Decoders drop stray bits and stray characters; a token must have one spelling only.
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise TokenInvalid("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != part:
        raise TokenInvalid("base64url is not canonical")
    return data


def _strict_object(data: bytes) -> dict[str, object]:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is no JSON")

    try:
        value: object = json.loads(data.decode(), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise TokenInvalid("not a plain JSON object") from error
    if not isinstance(value, dict):
        raise TokenInvalid("not a JSON object")
    return value


def _access_claims(claims: Mapping[str, object]) -> AccessClaims:
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise TokenInvalid("another issuer or audience")
    tenant_id = claims.get("tid")
    if tenant_id is not None and type(tenant_id) is not int:
        raise TokenInvalid("tid is no whole number")
    return AccessClaims(
        user_id=_uuid(claims, "sub"),
        session_id=_uuid(claims, "sid"),
        tenant_id=tenant_id,
        token_id=_uuid(claims, "jti"),
        expires_at=_checked_times(claims),
    )


def _supabase_claims(ring: Keyring, claims: Mapping[str, object]) -> SupabaseClaims:
    audience = claims.get("aud")
    if SUPABASE_AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise TokenInvalid("another audience")
    # Supabase's anon and service_role keys are tokens under the same secret; people have the role `authenticated`.
    if claims.get("role") != SUPABASE_AUDIENCE or claims.get("is_anonymous", False) is not False:
        raise TokenInvalid("not a signed-in person")
    issuer = claims.get("iss", "supabase" if ring.supabase_issuer is None else None)
    if not isinstance(issuer, str) or ring.supabase_issuer not in {None, issuer}:
        raise TokenInvalid("another issuer")
    email = claims.get("email")
    return SupabaseClaims(
        issuer=_storable(issuer),
        subject=_uuid(claims, "sub"),
        email=_storable(email) if isinstance(email, str) else "",
        expires_at=_checked_times(claims),
    )


def _checked_times(claims: Mapping[str, object]) -> int:
    now = clock.now().timestamp()
    expires_at, issued_at = _whole(claims, "exp"), _whole(claims, "iat")
    not_before = _whole(claims, "nbf") if "nbf" in claims else issued_at
    if max(issued_at, not_before) > now + CLOCK_SKEW:
        raise TokenInvalid("from the future")
    if not 0 < expires_at - issued_at <= MAX_LIFETIME:
        raise TokenInvalid("lifetime out of bounds")
    if expires_at <= now:
        raise TokenExpired("expired")
    return expires_at


def _whole(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or value < 0:
        raise TokenInvalid(f"{name} is missing or no whole number")
    return value


def _uuid(claims: Mapping[str, object], name: str) -> UUID:
    value = claims.get(name)
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != value:
        raise TokenInvalid(f"{name} is missing or no UUID")
    return found


def _storable(text: str) -> str:
    if not text.isprintable() or len(text) > 320:
        raise TokenInvalid("a text that cannot be stored")
    return text
