"""Random secrets that we hand out, what we keep of them, and secrets derived from others. Not signatures (signing.py),
not tokens that say something (tokens.py), not passwords (passwords.py).
"""

import base64
import hashlib
import hmac
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """A random opaque token, safe in URLs."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """What is kept of a random token; it has entropy enough that a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def derive_token(secret: str, purpose: str, token: str) -> str:
    """The token that follows from another one: the same each time, and unknown to who lacks the secret."""
    key = hashlib.sha256(f"crossdock:{purpose}:{secret}".encode()).digest()
    digest = hmac.digest(key, token.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
