"""Our own PostgreSQL: how its cluster is made, what starts it, and how we know that it is ours.

It listens on a unix socket in a private directory and on no port: file permissions guard it, and no other program's
server can be mistaken for it. We still ask for proof: the pid in postmaster.pid and the data directory it names.
"""

import locale
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.supervisor.accounts import Account, give
from app.supervisor.binaries import find_postgres, within_reach
from app.supervisor.child import Child
from app.supervisor.orphans import command_of
from app.supervisor.place import Place

SUPERUSER = "postgres"
SOCKET_PORT = 5432  # only part of the socket's file name
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
}
# Survives the death of the server's process, not of the machine: enough for tests, never for data.
FAST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ClusterUnusable(RuntimeError):
    """The data directory cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL data directory with the programs and the place to run it."""

    install: Path
    directory: Path
    sockets: Path
    account: Account | None
    fast: bool

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        return f"postgresql+asyncpg://{user}@/{database}?host={self.sockets}&port={SOCKET_PORT}"


def prepare(place: Place, *, fast: bool = False) -> Cluster:
    """The cluster of this place, made when there is none."""
    found = find_postgres()
    install = within_reach(place.account, found, found / "bin" / "postgres", place.home / "programs")
    cluster = Cluster(install, place.home / "postgres", place.sockets, place.account, fast)
    version = cluster.directory / "PG_VERSION"
    if not version.exists():
        _make_cluster(cluster)
    major = _run(cluster, "postgres", "--version").split()[-1].split(".")[0]
    if version.read_text().strip() != major:
        raise ClusterUnusable(
            f"{cluster.directory} was made by PostgreSQL {version.read_text().strip()}, installed is {major}; "
            "dump it with the old version, or move the directory away to begin anew"
        )
    return cluster


def child(cluster: Cluster) -> Child:
    """The process that serves the cluster."""
    options = {**OPTIONS, "unix_socket_directories": str(cluster.sockets)}
    options |= FAST_OPTIONS if cluster.fast else {}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Child(
        name="postgres",
        command=[str(cluster.install / "bin" / "postgres"), "-D", str(cluster.directory), *settings],
        environment=_environment(cluster),
        directory=cluster.directory,
        account=cluster.account,
        before_start=lambda: end_predecessor(cluster),
        is_ready=lambda pid: is_ours(cluster, pid),
        ready_seconds=60.0,  # crash recovery takes its time
        stop_signal=signal.SIGINT,  # fast shutdown: end the sessions, write everything
        stop_seconds=30.0,
        kill_signal=signal.SIGQUIT,  # immediate shutdown: no child of the server is left, recovery at the next start
        outlives_others=True,
    )


def is_ours(cluster: Cluster, pid: int) -> bool:
    """Whether the server that answers runs as `pid` on our own data directory."""
    if _recorded_pid(cluster) != pid:
        return False
    try:
        return Path(query(cluster, "SHOW data_directory")).resolve() == cluster.directory.resolve()
    except subprocess.SubprocessError:
        return False


def query(cluster: Cluster, sql: str, database: str = "postgres") -> str:
    """The first value of a statement run as superuser."""
    return _run(
        cluster,
        "psql",
        f"host={cluster.sockets} port={SOCKET_PORT} user={SUPERUSER} dbname={database} connect_timeout=2",
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        f"--command={sql}",
    ).strip()


def ensure_database(cluster: Cluster, name: str) -> None:
    """Create the database when there is none of this name."""
    if not query(cluster, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        query(cluster, f'CREATE DATABASE "{name}"')


def ensure_login(cluster: Cluster, role: str) -> None:
    """Create the role, without any right, when there is none of this name; let it log in."""
    if not query(cluster, f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
        query(cluster, f'CREATE ROLE "{role}"')
    query(cluster, f'ALTER ROLE "{role}" LOGIN')


def end_predecessor(cluster: Cluster) -> None:
    """Stop a server that still runs on our data directory; remove a pid file that names another process or none."""
    pid = _recorded_pid(cluster)
    if pid is None:
        return
    if f"-D {cluster.directory} " in command_of(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 30
        while f"-D {cluster.directory} " in command_of(pid):
            if time.monotonic() > deadline:
                raise ClusterUnusable(f"an older PostgreSQL (pid {pid}) on {cluster.directory} does not stop")
            time.sleep(0.05)
    # After a reboot the number may be another program's, and PostgreSQL would refuse to start beside it.
    (cluster.directory / "postmaster.pid").unlink(missing_ok=True)


def _recorded_pid(cluster: Cluster) -> int | None:
    try:
        first = (cluster.directory / "postmaster.pid").read_text().split("\n", 1)[0]
    except OSError:
        return None
    return int(first) if first.strip().isdigit() else None


def _make_cluster(cluster: Cluster) -> None:
    # Made beside and renamed, so that an interrupted start leaves no half cluster.
    unfinished = cluster.directory.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    give(cluster.account, unfinished)
    _run(
        cluster,
        "initdb",
        f"--pgdata={unfinished}",
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        f"--locale={_system_locale()}",
        *(["--no-sync"] if cluster.fast else []),
    )
    unfinished.rename(cluster.directory)


def _system_locale() -> str:
    # C.UTF-8 is missing on some systems; sorting and upper/lower case come from PostgreSQL's own C.UTF-8 either way.
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            with suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _environment(cluster: Cluster) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(cluster.directory), "LC_ALL": "C", "TZ": "UTC"}


def _run(cluster: Cluster, program: str, *arguments: str) -> str:
    account = cluster.account
    answer = subprocess.run(  # noqa: S603 - programs of our own installation
        [str(cluster.install / "bin" / program), *arguments],
        env=_environment(cluster),
        cwd=cluster.sockets,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        process_group=0,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if answer.returncode:
        raise subprocess.SubprocessError(f"{program} failed: {answer.stderr.strip()}")
    return answer.stdout
