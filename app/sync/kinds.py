"""What can be synced: features say which job carries out a kind of sync for a role of vendor, by name, at import."""

from dataclasses import dataclass

SOURCE = "source"
SUPPLIER = "supplier"
STOCK = "stock"


@dataclass(frozen=True, slots=True)
class SyncKind:
    """A kind of sync (`products`, `stock`) of the vendors that have a role, and the job that carries it out."""

    role: str
    kind: str
    task: str


_kinds: dict[tuple[str, str], SyncKind] = {}


def register(sync: SyncKind) -> None:
    """Make a kind of sync known; once per role and kind."""
    if (sync.role, sync.kind) in _kinds:
        raise ValueError(f"the sync {sync.kind!r} of the role {sync.role!r} is registered twice")
    _kinds[sync.role, sync.kind] = sync


def of_roles(roles: frozenset[str]) -> list[SyncKind]:
    """The kinds of sync that a vendor with these roles has."""
    return [sync for sync in _kinds.values() if sync.role in roles]


def tasks() -> list[str]:
    """The names of all jobs that are syncs."""
    return sorted({sync.task for sync in _kinds.values()})
