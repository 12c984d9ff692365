"""Where the embedded servers keep their data and sockets.

In the project's data directory when their account can go there and its path suits a socket, otherwise in short private
directories that the data directory remembers.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.supervisor.accounts import Account, can_enter, give, unprivileged_account

# /var/lib first: /var/tmp is swept by age on some systems, which would eat parts of a database.
SHELTERS = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - only parents of mkdtemp
SOCKET_PARENTS = (Path("/tmp"),)  # noqa: S108 - short, unlike some TMPDIRs; again only a parent of mkdtemp
LONGEST_SOCKET_DIRECTORY = 80  # a socket's whole path may have 103 bytes; PostgreSQL adds a name of up to 20
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # goes into URLs and server options without quoting


class NoShelter(RuntimeError):
    """No directory is left where the servers' account could work."""


@dataclass(frozen=True, slots=True)
class Place:
    """`data` is the project's (logs, secrets), `home` holds the servers' own data, `sockets` is private and short."""

    data: Path
    home: Path
    sockets: Path
    account: Account | None

    @property
    def logs(self) -> Path:
        return self.data / "log"


def settle(data: Path, *, shelters: Sequence[Path] = SHELTERS) -> Place:
    """Choose and create the directories; the same answer at every start."""
    data = data.resolve()
    account = unprivileged_account()
    data.mkdir(parents=True, exist_ok=True)
    # The servers' account must be able to walk through; what is private below has permissions of its own.
    data.chmod(0o711 if account else 0o700)
    (data / "log").mkdir(exist_ok=True, mode=0o700)
    home = data
    if (data / "where").exists() or (account and not can_enter(account, data)):
        home = _remembered(data / "where", data, shelters)
    sockets = home / "run"
    if not _suits_sockets(sockets):
        sockets = _remembered(data / "where-sockets", data, SOCKET_PARENTS) / "run"
    return Place(data=data, home=home, sockets=give(account, sockets), account=account)


def places_outside(data: Path) -> list[Path]:
    """The directories outside `data` that belong to it; what a clean-up has to remove as well."""
    notes = (data / "where", data / "where-sockets")
    return [place for note in notes if note.exists() and _belongs(place := Path(note.read_text().strip()), data)]


def _remembered(note: Path, data: Path, parents: Sequence[Path]) -> Path:
    if note.exists():
        known = Path(note.read_text().strip())
        if _belongs(known, data):
            return known
    for parent in parents:
        try:
            made = Path(tempfile.mkdtemp(prefix="crossdock-", dir=parent))
        except OSError:
            continue
        made.chmod(0o711)
        (made / "of").write_text(f"{data}\n")
        note.write_text(f"{made}\n")
        return made
    raise NoShelter(f"none of {', '.join(map(str, parents))} can be written to")


def _belongs(place: Path, data: Path) -> bool:
    # A copied project brings a note that names the original's servers; those are not ours to touch.
    owner = place / "of"
    return owner.exists() and owner.read_text().strip() == str(data.resolve())


def _suits_sockets(directory: Path) -> bool:
    text = str(directory)
    return len(text.encode()) <= LONGEST_SOCKET_DIRECTORY and PLAIN_PATH.fullmatch(text) is not None
