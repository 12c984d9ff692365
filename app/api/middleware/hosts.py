"""Refuses requests for hosts that we do not serve: links and tokens are never built from an attacker's Host header."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import problem
from app.core.errors import BadRequest

OPEN_PATHS = frozenset({"/health"})  # probes call by address


class HostUnknown(BadRequest):
    """The Host header names a host that this installation does not serve."""

    code, title = "host_unknown", "This host is not served here"
    mend = "Call the installation by a host of ALLOWED_HOSTS."


class KnownHosts:
    """Compares the Host header with a list of names; `*.example.com` stands for every subdomain."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.names = frozenset(host.lower() for host in hosts if not host.startswith("*."))
        self.suffixes = tuple(host[1:].lower() for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in OPEN_PATHS or self._serves(scope):
            await self.app(scope, receive, send)
        else:
            await problem(HostUnknown())(scope, receive, send)

    def _serves(self, scope: Scope) -> bool:
        host = Headers(scope=scope).get("host", "").lower()
        name = host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
        return name in self.names or (bool(self.suffixes) and name.endswith(self.suffixes))
