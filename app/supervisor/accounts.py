"""The unprivileged account that the embedded servers run under when we are root, and what it can reach.

PostgreSQL refuses to run as root; nobody else needs an account of their own.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

CANDIDATES = ("nobody", "daemon")


class NoAccount(RuntimeError):
    """We are root and the machine has no unprivileged account."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system account by its numbers."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account to start servers under; None when we are not root and they run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoAccount(
        f"PostgreSQL does not run as root and none of the accounts {', '.join(CANDIDATES)} exists; "
        "start as an ordinary user, or set DATABASE_URL and REDIS_URL"
    )


def can_enter(account: Account, directory: Path) -> bool:
    """Whether the account may walk down to `directory` (its own permissions included)."""
    real = directory.resolve()
    return all(_allows(account, step, stat.S_IXUSR) for step in (*reversed(real.parents), real))


def can_read(account: Account, file: Path) -> bool:
    """Whether the account may walk to `file` and read it."""
    real = file.resolve()
    return can_enter(account, real.parent) and _allows(account, real, stat.S_IRUSR)


def give(account: Account | None, directory: Path) -> Path:
    """Make `directory` a private one of the account (of ourselves when there is none)."""
    directory.mkdir(parents=True, exist_ok=True)
    if account:
        os.chown(directory, account.uid, account.gid)
    directory.chmod(0o700)
    return directory


def _allows(account: Account, path: Path, owner_bit: int) -> bool:
    facts = path.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & owner_bit)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & owner_bit >> 3)
    return bool(facts.st_mode & owner_bit >> 6)
