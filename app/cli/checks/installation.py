"""Checks of what is installed and configured on this machine; nothing here talks to a server."""

import os
import tempfile
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from pydantic import ValidationError

from app.cli.checks.finding import Finding, fail, ok, warn
from app.core.config import Settings
from app.supervisor import ports
from app.supervisor.binaries import ServerMissing, find_postgres, find_redis

OLDEST_PYTHON = (3, 11)


def check_python(version: tuple[int, int]) -> Finding:
    """Python is new enough."""
    text = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return fail("Python", f"{text} is too old; install Python 3.11 or newer, remove .venv and run `make setup`")
    return ok("Python", text)


def installed_version(package: str) -> str | None:
    """The version of an installed package, None when it is missing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_packages(lines: Iterable[str], installed: Callable[[str], str | None] = installed_version) -> list[Finding]:
    """Every pinned package is there in its pinned version."""
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    found = {pin.name: installed(pin.name) for pin in wanted}
    missing = [pin.name for pin in wanted if found[pin.name] is None]
    other = [
        f"{pin.name} {found[pin.name]} ({pin.specifier})"
        for pin in wanted
        if found[pin.name] and not pin.specifier.contains(str(found[pin.name]), prereleases=True)
    ]
    remedy = "run `pip install -r requirements.txt`"
    findings = []
    if missing:
        findings.append(fail("Packages", f"missing: {', '.join(missing)}; {remedy}"))
    if other:
        findings.append(warn("Packages", f"not in the tested version: {', '.join(other)}; {remedy}"))
    return findings or [ok("Packages", f"all {len(wanted)} in their pinned versions")]


def refused_settings(error: ValidationError) -> list[Finding]:
    """What the settings classes refuse, without repeating values, which may be secrets."""
    findings = []
    for fact in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in fact["loc"]).upper()
        text = str(fact["msg"]).removeprefix("Value error, ")
        findings.append(fail("Settings", f"{name}: {text}" if name else text))
    return findings


def check_secret(settings: Settings) -> Finding:
    """There is a secret for tokens. (A short one is refused by the settings themselves.)"""
    if settings.secret_key.get_secret_value():
        return ok("SECRET_KEY", "set, long enough")
    return ok("SECRET_KEY", f"not set; `run` keeps a drawn one in {settings.data_dir}/secret_key")


def check_database_urls(settings: Settings) -> Finding:
    """Whether the application's roles have connections of their own."""
    if settings.database_system_url and settings.database_owner_url:
        return ok("Database roles", "application, system and owner have URLs of their own")
    app_role, system_role = settings.database_role_app, settings.database_role_system
    missing = [
        name
        for name, url in (
            ("DATABASE_SYSTEM_URL", settings.database_system_url),
            ("DATABASE_OWNER_URL", settings.database_owner_url),
        )
        if not url
    ]
    text = (
        f"{' and '.join(missing)} not set: connections of DATABASE_URL step down by SET ROLE to {app_role} and "
        f"{system_role}, which code that can run SQL could undo; give each role a login and a URL"
    )
    return warn("Database roles", text) if settings.is_production else ok("Database roles", text)


def check_storage(settings: Settings, root: Path) -> Finding:
    """Uploads have a place."""
    if settings.storage_backend == "s3":
        return ok("Storage", f"uploads go to the bucket {settings.s3_bucket} (not tried from here)")
    directory = root / settings.storage_dir
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return fail("Storage", f"{existing} cannot be written to; change its owner or set STORAGE_LOCAL_DIR")
    if directory.exists():
        try:
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            return fail("Storage", f"{directory}: {error.strerror}; free the disk or set STORAGE_LOCAL_DIR")
    return ok("Storage", f"{directory} can be written to")


def check_port(host: str, port: int, *, ours: bool) -> Finding:
    """The API's port is free, or used by our own stack."""
    if ours:
        return ok("Port", "the stack is running")
    if ports.is_free(host, port):
        return ok("Port", f"{port} is free")
    return warn("Port", f"{port} is taken by another program; `run` will take the next free one, or set PORT")


def check_embedded_servers() -> list[Finding]:
    """The programs of the embedded servers are there."""
    findings = []
    for topic, find in (("PostgreSQL", find_postgres), ("Redis", find_redis)):
        try:
            findings.append(ok(topic, f"none given, `run` starts its own from {find()}"))
        except ServerMissing as error:
            findings.append(fail(topic, str(error)))
    return findings
