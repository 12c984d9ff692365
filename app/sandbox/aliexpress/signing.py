"""AliExpress' signatures: what is signed, and whether a call's is right."""

import hashlib
import hmac
from collections.abc import Mapping


def base_string(parameters: Mapping[str, str], path: str = "") -> str:
    """All parameters but the signature, by the bytes of their names; calls below /rest begin with their path."""
    names = sorted((name for name in parameters if name != "sign"), key=str.encode)
    return path + "".join(f"{name}{parameters[name]}" for name in names)


def signature(parameters: Mapping[str, str], secret: str, path: str, method: str) -> str | None:
    """The signature by a method; None: there is no such method."""
    base, key = base_string(parameters, path).encode(), secret.encode()
    if method == "sha256":
        return hmac.digest(key, base, hashlib.sha256).hex().upper()
    if method == "hmac":
        return hmac.digest(key, base, hashlib.md5).hex().upper()
    if method == "md5":
        return hashlib.md5(key + base + key, usedforsecurity=False).hexdigest().upper()
    return None


def is_signed(parameters: Mapping[str, str], secret: str, path: str = "") -> bool:
    """Whether the signature is right, with or without the empty values: signers differ in leaving them out."""
    given = parameters.get("sign", "").encode()
    filled = {name: value for name, value in parameters.items() if value}
    method = parameters.get("sign_method", "")
    signed = (signature(parameters, secret, path, method), signature(filled, secret, path, method))
    return any(wanted is not None and hmac.compare_digest(wanted.encode(), given) for wanted in signed)
