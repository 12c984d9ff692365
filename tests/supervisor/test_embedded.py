"""The embedded PostgreSQL and Redis, really started: identity, crashes, persistence, what a crash left behind."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.supervisor import embedded, postgres, redis
from app.supervisor.accounts import unprivileged_account
from app.supervisor.binaries import within_reach
from app.supervisor.claim import AlreadyRunning
from app.supervisor.orphans import find_orphans
from app.supervisor.place import settle

pytestmark = [pytest.mark.processes, pytest.mark.own_server]


@pytest.fixture
def data() -> Iterator[Path]:
    # Not tmp_path: the servers' account must be able to walk there when the tests run as root.
    directory = Path(tempfile.mkdtemp(prefix="cd-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def servers(data: Path) -> Iterator[embedded.Servers]:
    running = embedded.start(data, fast=True)
    yield running
    embedded.stop(running)


def test_the_servers_start_as_asked_and_leave_no_process(data: Path) -> None:
    running = embedded.start(data, fast=True)
    pids = [process.pid for process in running.processes.values()]

    assert postgres.query(running.cluster, "SHOW server_encoding") == "UTF8"
    assert postgres.query(running.cluster, "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert postgres.query(running.cluster, "SHOW listen_addresses") == ""
    assert redis.server_facts(running.instance)["process_id"] == str(running.processes["redis"].pid)
    assert find_orphans(data)

    embedded.stop(running)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert find_orphans(data) == []


def test_the_extensions_the_product_needs_are_there_and_know_letters_beyond_ascii(servers: embedded.Servers) -> None:
    for extension in ("pg_trgm", "unaccent", "btree_gin"):
        postgres.query(servers.cluster, f"CREATE EXTENSION {extension}")

    assert postgres.query(servers.cluster, "SELECT lower('ÄÖÜ')") == "äöü"
    assert postgres.query(servers.cluster, "SELECT unaccent('Köln')") == "Koln"
    assert float(postgres.query(servers.cluster, "SELECT similarity('öäü', 'öäü')")) == 1.0


def test_redis_refuses_to_forget_listens_on_loopback_only_and_wants_its_password(servers: embedded.Servers) -> None:
    configured = redis.server_facts(servers.instance)["config_file"]
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(servers.processes["redis"].pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}
    assert "maxmemory-policy noeviction" in Path(configured).read_text()
    assert stat.S_IMODE(Path(configured).stat().st_mode) == 0o600
    with socket.create_connection(("127.0.0.1", servers.instance.port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_as_root_the_servers_run_under_an_unprivileged_account(servers: embedded.Servers) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has to step down")
    for process in servers.processes.values():
        assert psutil.Process(process.pid).uids().effective != 0


def test_data_outlives_an_immediate_stop_of_postgresql_and_a_second_start(data: Path) -> None:
    running = embedded.start(data)
    postgres.query(running.cluster, "CREATE TABLE kept AS SELECT 42 AS answer")
    redis.command(running.instance, "SET", "kept", "yes")
    embedded.restart(running, "postgres", immediate=True)
    assert postgres.query(running.cluster, "SELECT answer FROM kept") == "42"
    embedded.stop(running)

    running = embedded.start(data)
    try:
        assert postgres.query(running.cluster, "SELECT answer FROM kept") == "42"
        assert redis.command(running.instance, "GET", "kept") == "yes"
    finally:
        embedded.stop(running)


def test_flushing_and_restarting_redis_keep_its_address_and_change_its_run_id(servers: embedded.Servers) -> None:
    first, url = redis.run_id(servers.instance), servers.redis_url
    redis.command(servers.instance, "SET", "gone", "soon")

    embedded.flush_redis(servers)
    assert redis.command(servers.instance, "DBSIZE") == "0"

    embedded.restart(servers, "redis", immediate=True)
    assert servers.redis_url == url
    assert redis.run_id(servers.instance) != first


def test_another_redis_on_the_port_is_not_taken_for_ours(servers: embedded.Servers) -> None:
    assert redis.is_ours(servers.instance, servers.processes["redis"].pid)
    assert not redis.is_ours(servers.instance, os.getpid())


def test_a_port_taken_in_the_last_moment_is_answered_by_another_port(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1], redis.free_port()])
        monkeypatch.setattr(redis, "free_port", lambda _host: next(ports))
        running = embedded.start(data, fast=True)
        try:
            assert running.instance.port != other.getsockname()[1]
        finally:
            embedded.stop(running)


def test_a_data_directory_serves_one_supervisor_at_a_time(data: Path, servers: embedded.Servers) -> None:
    with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
        embedded.start(data, fast=True)
    assert postgres.query(servers.cluster, "SELECT 1") == "1"


def test_servers_of_a_killed_supervisor_are_stopped_at_the_next_start_and_their_data_is_kept(data: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from app.supervisor import embedded, postgres, redis\n"
        "servers = embedded.start(Path(sys.argv[1]))\n"
        "postgres.query(servers.cluster, 'CREATE TABLE kept AS SELECT 7 AS answer')\n"
        "print('up', flush=True); time.sleep(600)"
    )
    crashing = subprocess.Popen([sys.executable, "-c", program, str(data)], stdout=subprocess.PIPE)
    assert crashing.stdout
    assert crashing.stdout.readline() == b"up\n"
    crashing.kill()
    crashing.wait()
    crashing.stdout.close()
    left = find_orphans(data)
    assert {orphan.name for orphan in left} == {"postgres", "redis"}

    running = embedded.start(data)
    try:
        assert {orphan.pid for orphan in find_orphans(data)} == {p.pid for p in running.processes.values()}
        assert postgres.query(running.cluster, "SELECT answer FROM kept") == "7"
    finally:
        embedded.stop(running)


def test_a_pid_file_that_names_another_program_is_put_aside_and_that_program_lives_on(data: Path) -> None:
    embedded.stop(embedded.start(data, fast=True))
    bystander = subprocess.Popen(["sleep", "600"])
    (data / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n{data}/postgres\n")

    running = embedded.start(data, fast=True)
    try:
        assert postgres.query(running.cluster, "SELECT 1") == "1"
        assert bystander.poll() is None
    finally:
        embedded.stop(running)
        bystander.kill()
        bystander.wait()


def test_an_interrupted_making_of_the_cluster_is_begun_anew(data: Path) -> None:
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")

    embedded.stop(embedded.start(data, fast=True))

    assert not (data / "postgres.new").exists()


def test_data_of_another_major_version_is_refused_with_a_remedy(data: Path) -> None:
    embedded.stop(embedded.start(data, fast=True))
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(postgres.ClusterUnusable, match=r"made by PostgreSQL 17.*installed is 18.*dump it"):
        embedded.start(data, fast=True)
    assert find_orphans(data) == []


def test_a_home_the_account_cannot_enter_is_left_for_a_remembered_shelter(data: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has an account that could be shut out")
    home = data / "private" / "project"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)

    running = embedded.start(home, fast=True)
    shelter = running.place.home
    try:
        postgres.query(running.cluster, "CREATE TABLE kept AS SELECT 1 AS answer")
        assert (home / "where").read_text().strip() == str(shelter)
        assert not shelter.is_relative_to(data)
        assert running.cluster.install.exists()
    finally:
        embedded.stop(running)

    running = embedded.start(home, fast=True)
    try:
        assert running.place.home == shelter
        assert postgres.query(running.cluster, "SELECT answer FROM kept") == "1"
        with pytest.raises(AlreadyRunning):
            embedded.remove(home)
    finally:
        embedded.stop(running)

    embedded.remove(home)
    assert not shelter.exists()
    assert not home.exists()


def test_programs_out_of_the_accounts_reach_are_copied_once(data: Path) -> None:
    account = unprivileged_account()
    if account is None:
        pytest.skip("only root has an account that could be shut out")
    hidden = data / "hidden"
    (hidden / "bin").mkdir(parents=True)
    (hidden / "bin" / "program").write_text("#!/bin/sh\necho reached\n")
    (hidden / "bin" / "program").chmod(0o700)
    data.chmod(0o711)

    copy = within_reach(account, hidden, hidden / "bin" / "program", data / "programs")

    assert copy == within_reach(account, hidden, hidden / "bin" / "program", data / "programs") != hidden
    answer = subprocess.check_output([copy / "bin" / "program"], user=account.uid, group=account.gid, extra_groups=[])
    assert answer == b"reached\n"


def test_a_path_too_long_for_a_socket_gets_a_short_one(data: Path) -> None:
    deep = data / ("deep-" * 12) / ("deeper-" * 8)
    data.chmod(0o711)
    running = embedded.start(deep, fast=True)
    try:
        assert running.cluster.directory.is_relative_to(deep)
        assert len(str(running.place.sockets)) < 40
        assert postgres.query(running.cluster, "SELECT 1") == "1"
    finally:
        embedded.stop(running)
        embedded.remove(deep)


def test_a_note_copied_from_another_project_is_not_followed(data: Path) -> None:
    other = data / "other"
    other.mkdir()
    (data / "where").write_text(f"{other}\n")
    (other / "of").write_text("/somewhere/else/.data\n")

    place = settle(data, shelters=[data / "nowhere", data])

    assert place.home != other
    assert place.home.parent == data


def test_a_server_that_cannot_start_says_why(servers: embedded.Servers) -> None:
    embedded.halt(servers, "postgres")
    (servers.cluster.directory / "postgresql.conf").write_text("no_such_option = on\n")

    with pytest.raises(embedded.ServerFailed, match="no_such_option"):
        embedded.resume(servers, "postgres")


def test_a_server_killed_outright_comes_back(servers: embedded.Servers) -> None:
    postmaster = psutil.Process(servers.processes["postgres"].pid)
    postmaster.send_signal(signal.SIGKILL)
    servers.processes["postgres"].wait()
    deadline = time.monotonic() + 5
    embedded.restart(servers, "postgres")

    assert time.monotonic() < deadline
    assert postgres.query(servers.cluster, "SELECT 1") == "1"
