"""Which servers an installation uses and what its processes are told."""

import stat
from pathlib import Path

import pytest

from app.cli.environment import ServersHalfGiven, has_given_servers, kept_secret, local_environment
from app.core.config import Settings


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **values)


def test_neither_url_means_embedded_and_both_mean_given() -> None:
    assert not has_given_servers(settings(database_url="", redis_url=""))
    assert has_given_servers(settings(database_url="postgresql://h/d", redis_url="redis://h"))


@pytest.mark.parametrize(
    ("values", "missing"),
    [({"database_url": "postgresql://h/d"}, "REDIS_URL"), ({"redis_url": "redis://h"}, "DATABASE_URL")],
)
def test_one_url_alone_is_refused_naming_the_other(values: dict[str, str], missing: str) -> None:
    with pytest.raises(ServersHalfGiven, match=f"{missing} is missing"):
        has_given_servers(settings(**{"database_url": "", "redis_url": "", **values}))


def test_the_secret_is_drawn_once_and_private(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "secret_key")

    assert len(first) == 64
    assert kept_secret(tmp_path / "secret_key") == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_what_the_settings_say_is_not_replaced(tmp_path: Path) -> None:
    said = settings(secret_key="s" * 40, public_url="https://shop.example")
    assert local_environment(said, tmp_path, public_url="http://127.0.0.1:8000") == {
        "DATA_DIR": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    silent = local_environment(settings(secret_key=""), tmp_path, public_url="http://127.0.0.1:8001")
    assert silent["PUBLIC_URL"] == "http://127.0.0.1:8001"
    assert silent["SECRET_KEY"] == kept_secret(tmp_path / "secret_key")
