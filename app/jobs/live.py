"""Live events of a job: one Redis subscription per process wakes the streams, PostgreSQL says what to send.

No stream holds a database connection between two reads. With Redis away every stream polls.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.config import Settings
from app.core.resources import Resources
from app.core.tenancy import Scope
from app.jobs import overview
from app.jobs.schemas import JobView
from app.queue.announce import JOB_CHANGED, NOBODY_SECONDS

CONNECT_SECONDS = 1.0
# A word may get lost, so even a quiet stream looks now and then.
LONGEST_QUIET = 5.0
# How soon the subscription notices that nobody waits any more.
LOOK_UP_SECONDS = 0.5


class JobFeed:
    """Tells waiting streams that their job has changed. Subscribed only while somebody waits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._subscription: asyncio.Task[None] | None = None
        self._closed = False
        self.connected = asyncio.Event()

    @contextmanager
    def watch(self, job_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever the job has changed."""
        changed = asyncio.Event()
        self._waiting[job_id.hex].add(changed)
        if self._subscription is None and not self._closed:
            self._subscription = asyncio.create_task(self._subscribe())
        try:
            yield changed
        finally:
            self._waiting[job_id.hex].discard(changed)
            if not self._waiting[job_id.hex]:
                del self._waiting[job_id.hex]

    async def close(self) -> None:
        """End the subscription. It is asked to, not cancelled: redis-py may lose a cancellation."""
        self._closed = True
        if self._subscription is not None:
            await asyncio.wait([self._subscription])

    @property
    def _is_wanted(self) -> bool:
        return bool(self._waiting) and not self._closed

    async def _subscribe(self) -> None:
        client: Redis = Redis.from_url(
            self._settings.redis_url, socket_connect_timeout=CONNECT_SECONDS, decode_responses=True
        )
        try:
            while self._is_wanted:
                try:
                    await self._hear(client)
                except (RedisError, OSError, TimeoutError):
                    await asyncio.sleep(CONNECT_SECONDS)
                finally:
                    self.connected.clear()
        finally:
            self._subscription = None
            await client.aclose()

    async def _hear(self, client: Redis) -> None:
        async with client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(self._settings.redis_key_prefix + JOB_CHANGED)
            self.connected.set()
            # Who had nobody to speak to keeps silent for a moment more: look what that was.
            asyncio.get_running_loop().call_later(2 * NOBODY_SECONDS, self._wake_all)
            while self._is_wanted:
                message = await channel.get_message(timeout=LOOK_UP_SECONDS)
                for changed in self._waiting.get(message["data"], ()) if message else ():
                    changed.set()

    def _wake_all(self) -> None:
        for changed in chain.from_iterable(self._waiting.values()):
            changed.set()


async def stream(
    resources: Resources, feed: JobFeed, scope: Scope, job_id: UUID, last_seen: int | None
) -> AsyncIterator[bytes]:
    """The job's present state unless the client has seen it, then every change, until the job is over."""
    settings, spoke_at = resources.settings, time.monotonic()
    with feed.watch(job_id) as changed:
        while True:
            changed.clear()
            revision, view = await read_state(resources, scope, job_id)
            if revision != last_seen:
                last_seen, spoke_at = revision, time.monotonic()
                yield _event(revision, view)
            if view.status.is_final:
                return
            if time.monotonic() - spoke_at >= settings.sse_comment_seconds:
                spoke_at = time.monotonic()
                yield b": still here\n\n"
            quiet = LONGEST_QUIET if feed.connected.is_set() else settings.sse_poll_seconds
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(quiet, settings.sse_comment_seconds))


async def read_state(resources: Resources, scope: Scope, job_id: UUID) -> tuple[int, JobView]:
    """The job's revision and state, in a short transaction of its own. Raises JobNotFound."""
    async with resources.database.session(scope) as session:
        return await overview.get_state(session, job_id)


def _event(revision: int, view: JobView) -> bytes:
    # Unnamed, so that EventSource's onmessage hears it.
    return b"id: %d\ndata: %s\n\n" % (revision, view.model_dump_json().encode())
