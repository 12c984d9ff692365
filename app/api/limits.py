"""The limit of requests per minute, applied to every route of the API: by user, by address where a route is public."""

from fastapi import Request

from app.accounts.dependencies import bearer_token, find_actor, get_resources, is_public
from app.core import ratelimit
from app.core.resources import Resources


async def limit_caller(request: Request) -> None:
    resources = get_resources(request)
    caller = await _caller(request, resources)
    if caller is None:
        return
    verdict = await ratelimit.limit_requests(resources.redis, resources.settings, caller)
    if not verdict.allowed:
        raise verdict.refusal()
    ratelimit.announce(request.scope, verdict)


async def _caller(request: Request, resources: Resources) -> str | None:
    if not is_public(request.scope["endpoint"]):
        # The guard of the route asks again; the second answer comes from memory.
        actor = await find_actor(request, await bearer_token(request))
        if actor is not None:
            return f"user:{actor.user_id}"
    address = ratelimit.client_address(request.scope, resources.settings)
    if not ratelimit.is_limited(resources.settings, address):
        return None
    return f"address:{ratelimit.network_of(address)}"
