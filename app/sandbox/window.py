"""Rate limits as vendors have them: so many calls in a window that begins with the first one."""

import math
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """The calls of one caller in its present window."""

    began_at: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a call: how many remain, when the window ends, and whether this call was too many."""

    limit: int
    seconds: int
    remaining: int
    reset: int
    exceeded: bool


@dataclass(slots=True)
class RateLimit:
    """`calls` in `seconds` per caller; times are those of a monotonic clock."""

    calls: int
    seconds: int
    windows: dict[str, Window] = field(default_factory=dict)

    def count(self, caller: str, now: float) -> Standing:
        """Count a call."""
        window = self.windows.get(caller)
        if window is None or now - window.began_at >= self.seconds:
            window = self.windows[caller] = Window(now)
        window.used += 1
        left = math.ceil(window.began_at + self.seconds - now)
        return Standing(
            self.calls, self.seconds, max(0, self.calls - window.used), max(1, left), window.used > self.calls
        )
