"""Load on one address: by wrk when it is installed, else by a generator of our own, which costs more of the machine.

Both keep a number of connections busy, each with one request at a time, and cycle through given paths and tokens.
"""

import asyncio
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SCRIPT = Path(__file__).with_name("requests.lua")
SECONDS_PER_UNIT = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class LoadFailed(RuntimeError):
    """The load generator did not measure, or the target answered with errors."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a target carried: answers per second, and how long they took."""

    rate: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked: paths at one address, and the tokens that go with them in turn."""

    base_url: str
    paths: Sequence[str]
    tokens: Sequence[str]


def generator() -> str:
    """Which load generator this machine has."""
    return "wrk" if shutil.which("wrk") else "the fallback generator (wrk is not installed)"


def apply(traffic: Traffic, *, connections: int, seconds: float) -> Load:
    """Put load on a target; an answer other than 200 voids the measurement."""
    if shutil.which("wrk"):
        return _by_wrk(traffic, connections=connections, seconds=seconds)
    return asyncio.run(_by_ourselves(traffic, connections=connections, seconds=seconds))


def _by_wrk(traffic: Traffic, *, connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as directory:
        files = {"PATHS_FILE": traffic.paths, "TOKENS_FILE": traffic.tokens}
        environment = {**os.environ, "SEED": str(len(traffic.paths))}
        for name, values in files.items():
            file = Path(directory, name)
            file.write_text("\n".join(values) + "\n")
            environment[name] = str(file)
        options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "--latency"]
        command = ["wrk", *options, "-s", str(SCRIPT), traffic.base_url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return parse_wrk(done.stdout + done.stderr)


def parse_wrk(text: str) -> Load:
    """Read what wrk prints."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    median, p99 = (re.search(rf"\n\s+{share}%\s+([\d.]+)(us|ms|s|m)", text) for share in (50, 99))
    if not (rate and median and p99):
        raise LoadFailed(f"wrk did not measure:\n{text}")
    if bad := re.search(r"(Non-2xx or 3xx responses: \d+|Socket errors: .*)", text):
        raise LoadFailed(bad[1])
    return Load(float(rate[1]), *(float(found[1]) * SECONDS_PER_UNIT[found[2]] * 1000 for found in (median, p99)))


async def _by_ourselves(traffic: Traffic, *, connections: int, seconds: float) -> Load:
    host = urlsplit(traffic.base_url)
    if host.hostname is None or host.port is None:
        raise LoadFailed(f"{traffic.base_url} names no host and port")
    requests = _requests(traffic, host.netloc)
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds
    work = [_keep_asking(host.hostname, host.port, requests, deadline, latencies) for _ in range(connections)]
    await asyncio.gather(*work)
    if not latencies:
        raise LoadFailed("no answer within the time of measuring")
    latencies.sort()
    at = [latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99)]
    return Load(len(latencies) / seconds, *at)


def _requests(traffic: Traffic, host: str) -> Iterator[bytes]:
    pairs = zip(traffic.paths, itertools.cycle(traffic.tokens), strict=False)
    built = [f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n" for path, token in pairs]
    return itertools.cycle([request.encode() for request in built])


async def _keep_asking(host: str, port: int, requests: Iterator[bytes], deadline: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while (asked := time.perf_counter()) < deadline:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200"):
                raise LoadFailed(head.partition(b"\r\n")[0].decode())
            took.append(time.perf_counter() - asked)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
