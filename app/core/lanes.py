"""Lanes: the calls that belong together (those of one connection) share one rate and one circuit breaker, in Redis over
all processes and per process while Redis is away. Nothing here calls anything; the one client asks before each call.

The breaker is shared, too: a process is started anew often, and one try after a failure is one try of all of them.
"""

import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from app.core.redis import RedisGate

FAILURES: Final = 10  # so many in a row open the breaker: three jobs that have tried three times each
OPEN_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 60.0  # a try whose process has died is not waited for any longer
SPACING: Final = 1.02  # calls do not arrive as evenly as they leave
MAX_LANES: Final = 10_000
_KEPT_MS: Final = 2 * 3600 * 1000

Word = Literal["go", "late", "open"]


@dataclass(frozen=True, slots=True)
class Lane:
    """The name of a lane, and how many calls in how many seconds it may make (None: as many as it likes)."""

    name: str
    calls: int | None = None
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What a call may do. `go`: call in `wait` seconds. `late`: its turn would come after `wait` seconds, too late for
    it, and none was taken. `open`: too many calls have failed; ask again in `wait` seconds.

    `is_watched`: calls have failed before; a success is to be told. `is_probe`: the one try after a pause.
    """

    word: Word
    wait: float
    is_watched: bool = False
    is_probe: bool = False


_STATE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local said = redis.call('HMGET', KEYS[1], 'failures', 'open_until', 'held_until', 'probed_until')
local failures, open_until = tonumber(said[1] or '0'), tonumber(said[2] or '0')
local held_until, probed_until = tonumber(said[3] or '0'), tonumber(said[4] or '0')
local function text(number) return string.format('%.6f', number) end
"""
_TAKE = (
    _STATE
    + """
local calls, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local most, probe = tonumber(ARGV[3]), tonumber(ARGV[4])
local closed_until = math.max(open_until, probed_until)
if open_until > 0 and closed_until > now then return {'open', text(closed_until - now), 1, 0} end
local turn = math.max(now, held_until)
if calls > 0 then
  local before = redis.call('LINDEX', KEYS[2], -calls)
  if before then turn = math.max(turn, tonumber(before) + seconds) end
end
if turn - now >= most then return {'late', text(turn - now), 0, 0} end
if calls > 0 then
  redis.call('RPUSH', KEYS[2], text(turn))
  redis.call('LTRIM', KEYS[2], -calls, -1)
  redis.call('PEXPIRE', KEYS[2], math.ceil((turn - now + seconds) * 1000))
end
if open_until > 0 then redis.call('HSET', KEYS[1], 'probed_until', text(turn + probe)) end
return {'go', text(turn - now), failures > 0 and 1 or 0, open_until > 0 and 1 or 0}
"""
)
_FAILED = (
    _STATE
    + """
failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local is_new = open_until == 0 and failures >= tonumber(ARGV[1])
if is_new or (open_until > 0 and open_until <= now) then
  redis.call('HSET', KEYS[1], 'open_until', text(now + tonumber(ARGV[2])))
  redis.call('HDEL', KEYS[1], 'probed_until')
end
return 1
"""
)
_HOLD = (
    _STATE
    + """
redis.call('HSET', KEYS[1], 'held_until', text(math.max(held_until, now + tonumber(ARGV[1]))))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
)
_STOPPED = _STATE + "return (held_until > now or open_until > 0) and 1 or 0"


@dataclass(slots=True)
class _Local:
    """A lane as one process knows it; the scripts above say the same."""

    failures: int = 0
    open_until: float = 0.0
    held_until: float = 0.0
    probed_until: float = 0.0
    turns: deque[float] = field(default_factory=deque)

    def take(self, now: float, lane: Lane, most: float, probe: float) -> Turn:
        closed_until = max(self.open_until, self.probed_until)
        if self.open_until > 0 and closed_until > now:
            return Turn("open", closed_until - now, is_watched=True)
        turn = max(now, self.held_until)
        if lane.calls and len(self.turns) >= lane.calls:
            turn = max(turn, self.turns[-lane.calls] + lane.seconds * SPACING)
        if turn - now >= most:
            return Turn("late", turn - now)
        if lane.calls:
            self.turns.append(turn)
            while len(self.turns) > lane.calls:
                self.turns.popleft()
        if self.open_until > 0:
            self.probed_until = turn + probe
        return Turn("go", turn - now, is_watched=self.failures > 0, is_probe=self.open_until > 0)

    def failed(self, now: float) -> None:
        self.failures += 1
        is_new = self.open_until == 0 and self.failures >= FAILURES
        if is_new or 0 < self.open_until <= now:
            self.open_until, self.probed_until = now + OPEN_SECONDS, 0.0

    def answered(self) -> None:
        self.failures, self.open_until, self.probed_until = 0, 0.0, 0.0


class Lanes:
    """All lanes, shared through Redis; without a gate, or while Redis is away, those of this process alone."""

    def __init__(self, gate: RedisGate | None = None) -> None:
        self._gate = gate
        self._local: dict[str, _Local] = {}
        self._scripts: dict[str, AsyncScript] = {}

    async def take(self, lane: Lane, *, most: float) -> Turn:
        """The next turn of a lane, if it comes within `most` seconds."""
        probe = min(max(most, 0.0), PROBE_SECONDS)
        numbers = [lane.calls or 0, lane.seconds * SPACING, most, probe]
        told = await self._run(_TAKE, lane.name, numbers)
        if told is None:
            return self._own(lane.name).take(time.monotonic(), lane, most, probe)
        word, wait, watched, probing = told
        return Turn(cast("Word", word), float(wait), is_watched=bool(watched), is_probe=bool(probing))

    async def failed(self, lane: Lane) -> None:
        """A call found the other side away; enough of them in a row, and the lane is closed for a while."""
        if await self._run(_FAILED, lane.name, [FAILURES, OPEN_SECONDS, _KEPT_MS]) is None:
            self._own(lane.name).failed(time.monotonic())

    async def answered(self, lane: Lane) -> None:
        """The other side has answered: the lane is as good as new."""
        self._own(lane.name).answered()
        if self._gate is not None:
            key = self._keys(lane.name)[0]

            async def forget(redis: Redis) -> int:
                return cast(
                    "int", await cast("Awaitable[Any]", redis.hdel(key, "failures", "open_until", "probed_until"))
                )

            await self._gate.guarded(forget, 0)

    async def hold(self, lane: Lane, seconds: float) -> None:
        """The other side has asked for a pause: all calls of the lane keep it."""
        if await self._run(_HOLD, lane.name, [seconds, _KEPT_MS]) is None:
            own = self._own(lane.name)
            own.held_until = max(own.held_until, time.monotonic() + seconds)

    async def is_stopped(self, lane: Lane) -> bool:
        """Whether a pause was asked for, or the lane was closed, while a call waited for its turn."""
        told = await self._run(_STOPPED, lane.name, [])
        own = self._own(lane.name)
        return own.held_until > time.monotonic() or own.open_until > 0 if told is None else bool(told)

    async def _run(self, script: str, name: str, numbers: list[float]) -> Any:
        if self._gate is None:
            return None
        if script not in self._scripts:
            self._scripts[script] = self._gate.client.register_script(script)
        run, keys = self._scripts[script], self._keys(name)
        return await self._gate.guarded(lambda _redis: run(keys=keys, args=numbers), None)

    def _keys(self, name: str) -> list[str]:
        prefix = self._gate.prefix if self._gate else ""
        return [f"{prefix}lane:{{{name}}}:state", f"{prefix}lane:{{{name}}}:turns"]

    def _own(self, name: str) -> _Local:
        if name not in self._local and len(self._local) >= MAX_LANES:
            self._local.clear()
        return self._local.setdefault(name, _Local())


_lanes = Lanes()


def use(lanes: Lanes) -> Lanes:
    """Name the lanes of this process, at its entrance; answers those that were in use before."""
    global _lanes
    before, _lanes = _lanes, lanes
    return before


def current() -> Lanes:
    """The lanes of this process."""
    return _lanes
