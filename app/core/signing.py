"""Short signatures under the installation's secret, for what we hand out and get back: cursors, links to files.

Not for tokens of people: those live in app/core/tokens.py.
"""

import hashlib
import hmac

from app.core.config import Settings, get_settings

DIGEST_BYTES = 16


def _digest(secret: str, purpose: str, message: bytes) -> bytes:
    # The purpose is part of the key, so a signature made for one use never opens another.
    key = hashlib.sha256(f"crossdock:{purpose}:{secret}".encode()).digest()
    return hmac.digest(key, message, "sha256")[:DIGEST_BYTES]


def sign(purpose: str, message: bytes, settings: Settings | None = None) -> bytes:
    """The signature of a message for one purpose."""
    settings = settings or get_settings()
    return _digest(settings.secret_key.get_secret_value(), purpose, message)


def is_signed(purpose: str, message: bytes, signature: bytes, settings: Settings | None = None) -> bool:
    """Whether the signature is ours, made with the present secret or the previous one."""
    settings = settings or get_settings()
    secrets = [settings.secret_key.get_secret_value()]
    if previous := settings.secret_key_previous.get_secret_value():
        secrets.append(previous)
    return any(hmac.compare_digest(_digest(secret, purpose, message), signature) for secret in secrets)
