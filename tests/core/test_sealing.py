"""Sealing: opens again in its place under a configured key, and nowhere else."""

import pytest

from app.core.config import Settings
from app.core.sealing import SealBroken, present_key_id, seal, unseal

OLD, NEW = "o" * 32, "n" * 32


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **({"secret_key": "s" * 32} | values))


def test_a_secret_opens_again_in_its_place_only() -> None:
    app = settings(credentials_key=NEW)
    sealed = seal(b"a key", "connection:1:a", app)
    assert b"a key" not in sealed.blob
    assert unseal(sealed.blob, "connection:1:a", app) == b"a key"
    with pytest.raises(SealBroken):
        unseal(sealed.blob, "connection:2:a", app)


def test_the_same_secret_never_looks_the_same() -> None:
    app = settings()
    assert seal(b"a key", "here", app).blob != seal(b"a key", "here", app).blob


@pytest.mark.parametrize("at", [0, 3, 12, 25, -1])
def test_one_changed_byte_opens_nothing(at: int) -> None:
    app = settings()
    blob = bytearray(seal(b"a key", "here", app).blob)
    blob[at] ^= 1
    with pytest.raises(SealBroken):
        unseal(bytes(blob), "here", app)


def test_the_key_before_still_opens_and_the_present_one_seals() -> None:
    before, after = settings(credentials_key=OLD), settings(credentials_key=NEW, credentials_key_previous=OLD)
    sealed = seal(b"a key", "here", before)
    assert unseal(sealed.blob, "here", after) == b"a key"
    assert seal(b"a key", "here", after).key_id == present_key_id(after) != sealed.key_id
    with pytest.raises(SealBroken):
        unseal(sealed.blob, "here", settings(credentials_key=NEW))


def test_production_wants_a_key_of_its_own() -> None:
    given = {"environment": "production", "database_url": "postgresql://h/d", "redis_url": "redis://h"}
    with pytest.raises(ValueError, match="CREDENTIALS_KEY"):
        settings(**given)
    assert settings(**given, credentials_key=NEW).is_production
