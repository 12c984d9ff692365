"""Whether PostgreSQL and Redis answer at the given URLs: `python -m tools.servers_answer DATABASE_URL REDIS_URL`."""

import asyncio
import sys

import asyncpg
from redis import Redis, RedisError


async def _ask_postgres(url: str) -> str:
    connection = await asyncpg.connect(url, timeout=3)
    try:
        return f"PostgreSQL {connection.get_server_version().major}"
    finally:
        await connection.close()


def _ask_redis(url: str) -> str:
    with Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
        return f"Redis {client.info('server')['redis_version']}"


def main(database_url: str, redis_url: str) -> int:
    """0 when both answer."""
    try:
        print(asyncio.run(_ask_postgres(database_url)), "and", _ask_redis(redis_url))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
        print(f"no answer: {error.__class__.__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
