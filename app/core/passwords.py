"""Passwords: hashing with argon2id at OWASP's parameters in threads of their own, and a judgement of weak ones.

Hashes of bcrypt, as the united systems have them, are accepted and renewed at the next login.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from passlib.context import CryptContext
from zxcvbn import zxcvbn

T = TypeVar("T")

MIN_LENGTH = 8
MAX_BYTES = 1024
BCRYPT_BYTES = 72
JUDGED_CHARACTERS = 72
ACCEPTED_SCORE = 2

_context = CryptContext(
    schemes=["argon2", "bcrypt"],
    deprecated="auto",
    argon2__type="ID",
    argon2__memory_cost=19 * 1024,
    argon2__time_cost=2,
    argon2__parallelism=1,
)
# Threads of their own bound the memory (19 MiB each) and keep a storm of logins from starving other thread work.
_threads = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="passwords")


async def hash_password(password: str) -> str:
    """The hash to store for a password."""
    return await _in_thread(lambda: str(_context.hash(password)))


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether the password fits, and the hash to store instead when the stored one is of an older kind.

    Without a stored hash the same work is done in vain, so that the time taken tells nobody which accounts exist.
    """
    return await _in_thread(lambda: _verify(password, hashed))


async def judge_password(password: str, *, known: Sequence[str] = (), guessable: bool = False) -> str | None:
    """What is wrong with the password and what to do about it; None when it will do.

    Any characters make one, in any mixture; `guessable` passwords pass where only the length counts. `known` are words
    that a guesser would try first, such as the person's name.
    """
    if len(password) < MIN_LENGTH:
        return f"Use at least {MIN_LENGTH} characters."
    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return f"Use at most {MAX_BYTES} bytes."
    if guessable:
        return None
    return await _in_thread(lambda: _judge(password, known))


def _verify(password: str, hashed: str | None) -> tuple[bool, str | None]:
    if hashed is None:
        _context.verify(password, _hash_of_nobody())
        return False, None
    if hashed.startswith("$2"):
        # bcrypt looks at 72 bytes; the systems that made these hashes cut the rest off silently.
        fits = bool(_context.verify(password.encode()[:BCRYPT_BYTES], hashed))
        return fits, str(_context.hash(password)) if fits else None
    fits, renewed = _context.verify_and_update(password, hashed)
    return bool(fits), renewed


def _judge(password: str, known: Sequence[str]) -> str | None:
    verdict = zxcvbn(password[:JUDGED_CHARACTERS], user_inputs=list(known))
    if verdict["score"] >= ACCEPTED_SCORE:
        return None
    feedback = verdict["feedback"]
    advice = " ".join(text.rstrip(".") + "." for text in (feedback["warning"], *feedback["suggestions"]) if text)
    return advice or "Use more words, or a password manager."


@lru_cache
def _hash_of_nobody() -> str:
    return str(_context.hash("the password of nobody"))


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
