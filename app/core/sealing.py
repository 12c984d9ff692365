"""Secrets of others that we must be able to read again (keys and tokens of vendors), sealed for the database.

AES-256-GCM under CREDENTIALS_KEY. What a secret belongs to is bound in: copied to another row or tenant it does not
open.
"""

import hashlib
import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from app.core.config import Settings

FORMAT: Final = b"\x01"
ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
_HEAD: Final = len(FORMAT) + ID_BYTES + NONCE_BYTES


class SealBroken(Exception):
    """A sealed secret cannot be opened: it was sealed under a key that is not configured, or for another place."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is kept, and which key opens it."""

    blob: bytes
    key_id: str


def seal(plain: bytes, place: str, settings: Settings) -> Sealed:
    """Seal a secret for one place (a row), under the present key."""
    key = _keys(settings)[0]
    nonce = os.urandom(NONCE_BYTES)
    head = FORMAT + _id(key)
    blob = head + nonce + AESGCM(key).encrypt(nonce, plain, head + place.encode())
    return Sealed(blob, _id(key).hex())


def unseal(blob: bytes, place: str, settings: Settings) -> bytes:
    """The secret again, whichever of the configured keys sealed it. Raises SealBroken."""
    head, nonce = blob[: len(FORMAT) + ID_BYTES], blob[len(FORMAT) + ID_BYTES : _HEAD]
    for key in _keys(settings):
        if head == FORMAT + _id(key):
            try:
                return AESGCM(key).decrypt(nonce, blob[_HEAD:], head + place.encode())
            except InvalidTag:
                raise SealBroken("the secret was changed, or belongs to another place") from None
    raise SealBroken(
        "no configured key opens the secret; was CREDENTIALS_KEY changed without CREDENTIALS_KEY_PREVIOUS?"
    )


def present_key_id(settings: Settings) -> str:
    """Which key seals now."""
    return _id(_keys(settings)[0]).hex()


def _keys(settings: Settings) -> list[bytes]:
    """The first one seals; all of them open. Without CREDENTIALS_KEY, which production must have, SECRET_KEY does."""
    secrets = (
        settings.credentials_key,
        settings.credentials_key_previous,
        settings.secret_key,
        settings.secret_key_previous,
    )
    keys = [_derive(secret) for secret in secrets if secret.get_secret_value()]
    if not keys:
        raise RuntimeError("CREDENTIALS_KEY is not set; make one with `openssl rand -hex 32`")
    return keys


def _derive(secret: SecretStr) -> bytes:
    return hashlib.sha256(f"crossdock:credentials:{secret.get_secret_value()}".encode()).digest()


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"crossdock:key-id:" + key).digest()[:ID_BYTES]
