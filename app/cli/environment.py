"""Which servers an installation uses, and the environment that its processes get: given by settings, or embedded."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from app.core.config import Settings
from app.supervisor import embedded, postgres
from app.supervisor.claim import find_running
from app.supervisor.ports import next_free_port

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED_DATABASE = "crossdock"


class ServersHalfGiven(ValueError):
    """One of DATABASE_URL and REDIS_URL is set, the other is not."""


def data_directory(settings: Settings) -> Path:
    """Where this installation keeps what is its own; relative to the project, wherever the command was called."""
    return (ROOT / settings.data_dir).resolve()


def has_given_servers(settings: Settings) -> bool:
    """True when the settings name the servers, False when the embedded ones are to be used."""
    if bool(settings.database_url) != bool(settings.redis_url):
        missing = "REDIS_URL" if settings.database_url else "DATABASE_URL"
        raise ServersHalfGiven(
            f"{missing} is missing: set DATABASE_URL and REDIS_URL both, or neither for embedded ones"
        )
    return bool(settings.database_url)


def embedded_environment(servers: embedded.Servers, settings: Settings) -> dict[str, str]:
    """Create the database and the logins of the application's roles; answer the URLs."""
    postgres.ensure_database(servers.cluster, EMBEDDED_DATABASE)
    for role in (settings.database_role_app, settings.database_role_system):
        postgres.ensure_login(servers.cluster, role)
    return {
        "DATABASE_URL": servers.database_url(EMBEDDED_DATABASE, settings.database_role_app),
        "DATABASE_SYSTEM_URL": servers.database_url(EMBEDDED_DATABASE, settings.database_role_system),
        "DATABASE_OWNER_URL": servers.database_url(EMBEDDED_DATABASE),
        "REDIS_URL": servers.redis_url,
    }


def local_environment(settings: Settings, data: Path, *, public_url: str) -> dict[str, str]:
    """What every process of an installation on one machine must agree on, unless the settings say it."""
    environment = {"DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
    if "public_url" not in settings.model_fields_set:
        environment["PUBLIC_URL"] = public_url
    if not settings.secret_key.get_secret_value():
        environment["SECRET_KEY"] = kept_secret(data / "secret_key")
    return environment


def sandbox_environment(settings: Settings, data: Path) -> dict[str, str]:
    """Where our own sandbox answers and its token; empty in production, and when the settings name another one."""
    if settings.is_production or urlsplit(settings.sandbox_url).hostname not in {"127.0.0.1", "localhost"}:
        return {}
    port = next_free_port("127.0.0.1", urlsplit(settings.sandbox_url).port or 80)
    token = settings.sandbox_token.get_secret_value() or kept_secret(data / "sandbox_token")
    return {"SANDBOX_URL": f"http://127.0.0.1:{port}", "SANDBOX_TOKEN": token}


def kept_secret(file: Path) -> str:
    """The secret in a private file, drawn at the first call."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(handle, "w") as opened:
        opened.write(secrets.token_hex(32) + "\n")
    return file.read_text().strip()


def running_environment(settings: Settings) -> Mapping[str, str]:
    """The environment of the embedded stack that runs now, for commands that join it; empty when there is none."""
    if has_given_servers(settings):
        return {}
    running = find_running(data_directory(settings))
    return running.environment if running else {}
