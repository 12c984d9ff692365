"""Signatures of what we hand out: bound to the purpose, readable through one change of the secret."""

import pytest

from app.core.config import Settings
from app.core.signing import is_signed, sign

OLD = "an old secret, thirty-two bytes long at least"
NEW = "a new secret, thirty-two bytes long at least!"


def settings(secret: str, previous: str = "") -> Settings:
    return Settings(_env_file=None, secret_key=secret, secret_key_previous=previous)


def test_accepts_its_own_signature_and_no_other_message_or_purpose() -> None:
    made = sign("cursor", b"message", settings(NEW))
    assert is_signed("cursor", b"message", made, settings(NEW))
    assert not is_signed("file", b"message", made, settings(NEW))
    assert not is_signed("cursor", b"messagf", made, settings(NEW))


@pytest.mark.parametrize("signature", [b"", b"\x00" * 16, b"x" * 64])
def test_refuses_anything_else(signature: bytes) -> None:
    assert not is_signed("cursor", b"message", signature, settings(NEW))


def test_goes_on_accepting_the_previous_secret_until_it_is_removed() -> None:
    made = sign("cursor", b"message", settings(OLD))
    assert is_signed("cursor", b"message", made, settings(NEW, previous=OLD))
    assert not is_signed("cursor", b"message", made, settings(NEW))
