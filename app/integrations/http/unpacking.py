"""Bodies as they arrive: unpacked in small steps and counted on both sides, so that neither an endless body nor a bomb
takes more memory than a step.
"""

import zlib
from collections.abc import AsyncIterable, AsyncIterator

from app.integrations.contracts.errors import AnswerTooLarge, Broken, Unavailable

ACCEPTED = "gzip"
STEP = 64 * 1024
_GZIP = 31  # zlib's name for a gzip header and trailer


async def unpacked(chunks: AsyncIterable[bytes], encoding: str, *, max_bytes: int, host: str) -> AsyncIterator[bytes]:
    """The body's bytes, at most `max_bytes` of them; raises AnswerTooLarge at the first one beyond."""
    names = [name for part in encoding.lower().split(",") if (name := part.strip()) not in {"", "identity"}]
    if not names:
        steps = _as_they_are(chunks)
    elif names in (["gzip"], ["x-gzip"]):
        steps = _inflated(chunks, host)
    else:
        raise Broken(f"{host} answers packed as {', '.join(names)[:60]}, which was not asked for.")
    size = 0
    async for step in steps:
        size += len(step)
        if size > max_bytes:
            raise AnswerTooLarge(f"{host} sends more than {_megabytes(max_bytes)}, which is the limit here.")
        yield step


async def _as_they_are(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk


async def _inflated(chunks: AsyncIterable[bytes], host: str) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(_GZIP)
    is_empty = True
    try:
        async for chunk in chunks:
            waiting, is_empty = chunk, False
            while waiting:
                if inflater.eof:
                    # Packed parts may follow each other; zeros behind the last are padding.
                    waiting = waiting.lstrip(b"\0")
                    inflater = zlib.decompressobj(_GZIP) if waiting else inflater
                    continue
                if step := inflater.decompress(waiting, STEP):
                    yield step
                waiting = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error:
        raise Broken(f"{host} says that its answer is packed, but it cannot be unpacked.") from None
    if not (inflater.eof or is_empty):
        raise Unavailable(f"{host} broke off in the middle of its answer.")


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MB" if size >= 100 * 1024 else f"{size:,} bytes"
