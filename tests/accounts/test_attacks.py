"""Every attack of ../shared/abuse/jwt/attacks.json, by its id: one builder each, which answers requests that have to be
refused without a change of state, without a failure of ours, and with a line in the log.
"""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from app.core import tokens
from app.core.ids import new_id
from tests.accounts.forging import encode, forge, our_claims, our_header, secret_of
from tests.accounts.lab import AUTH, Account, Attempt, Lab, bearer
from tests.accounts.stateful_attacks import STATEFUL
from tests.support.shared import SHARED

FACTS = SHARED / "abuse/jwt/attacks.json"
Forger = Callable[[Lab, Account], list[str]]
Builder = Callable[[Lab, Account], Awaitable[list[Attempt]]]


def claims_for(victim: Account, **changes: object) -> dict[str, object]:
    return our_claims(victim.user_id, victim.session_id, victim.tenant_id, **changes)


def with_header(lab: Lab, victim: Account, *, secret: bytes | None = None, **changes: object) -> str:
    return forge(our_header(lab.settings, **changes), claims_for(victim), secret or secret_of(lab.settings))


def alg_none(lab: Lab, victim: Account, spelling: str = "none") -> list[str]:
    header = our_header(lab.settings, alg=spelling)
    body = encode(claims_for(victim))
    bare = {name: value for name, value in header.items() if name != "kid"}
    return [f"{encode(each)}.{body}.{tail}" for each in (header, bare) for tail in ("", "AA")]


def alg_none_in_other_cases(lab: Lab, victim: Account) -> list[str]:
    return [token for spelling in ("None", "NONE", "nOnE") for token in alg_none(lab, victim, spelling)]


def signature_stripped(lab: Lab, victim: Account) -> list[str]:
    head, body, _ = victim.access.split(".")
    return [f"{head}.{body}."]


def two_parts(lab: Lab, victim: Account) -> list[str]:
    return [victim.access.rpartition(".")[0]]


def four_parts(lab: Lab, victim: Account) -> list[str]:
    return [f"{victim.access}.AAAA", f"{victim.access}."]


def public_key_as_secret(lab: Lab, victim: Account) -> list[str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, form)
    der = key.public_bytes(serialization.Encoding.DER, form)
    modulus = base64.urlsafe_b64encode(key.public_numbers().n.to_bytes(256, "big")).rstrip(b"=").decode()
    jwk = json.dumps({"kty": "RSA", "n": modulus, "e": "AQAB"}).encode()
    secrets = [pem, der, b" " + pem, b"\n" + pem, jwk]
    kids = [tokens.keyring(lab.settings).active.kid, "rsa", None]
    return [with_header(lab, victim, secret=secret, kid=kid) for secret in secrets for kid in kids]


def another_digest(lab: Lab, victim: Account) -> list[str]:
    return [with_header(lab, victim, alg=alg) for alg in ("HS384", "HS512", "RS256", "ES256", "hs256", "", None, 1)]


def empty_key(lab: Lab, victim: Account) -> list[str]:
    # hmac's empty key, said so apart: `secret or …` would take the right one.
    signed = f"{encode(our_header(lab.settings))}.{encode(claims_for(victim))}"
    return [f"{signed}.{encode(hmac_of(b'', signed))}"]


def hmac_of(secret: bytes, signed: str) -> bytes:
    block = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + signed.encode()).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()


def weak_key(lab: Lab, victim: Account) -> list[str]:
    example = (Path(__file__).parents[2] / ".env.example").read_text().splitlines()
    shown = [line.partition("=")[2].strip() for line in example if "SECRET_KEY=" in line]
    words = ["secret", "changeme", "password", "jwt", *filter(None, shown)]
    return [with_header(lab, victim, secret=word.encode()) for word in words]


def embedded_key(lab: Lab, victim: Account) -> list[str]:
    secret = b"the attacker's own key of 32 bytes and more"
    jwk = {"kty": "oct", "alg": "HS256", "k": encode(secret)}
    return [with_header(lab, victim, secret=secret, kid=kid, jwk=jwk) for kid in ("mine", None)] + [
        with_header(lab, victim, jwk=jwk)
    ]


def kid_of_a_file(lab: Lab, victim: Account) -> list[str]:
    header = our_header(lab.settings, kid="../../../../dev/null")
    signed = f"{encode(header)}.{encode(claims_for(victim))}"
    return [f"{signed}.{encode(hmac_of(b'', signed))}", forge(header, claims_for(victim), secret_of(lab.settings))]


def kid_of_sql(lab: Lab, victim: Account) -> list[str]:
    kid = "' UNION SELECT 'a"
    return [with_header(lab, victim, kid=kid, secret=secret) for secret in (b"a", secret_of(lab.settings))]


def kid_unknown(lab: Lab, victim: Account) -> list[str]:
    return [with_header(lab, victim, kid=new_id().hex), with_header(lab, victim, kid="")]


def kid_of_another_type(lab: Lab, victim: Account) -> list[str]:
    kid = tokens.keyring(lab.settings).active.kid
    return [with_header(lab, victim, kid=value) for value in ([kid], 1, None, {"kid": kid}, True)]


def crit_unknown(lab: Lab, victim: Account) -> list[str]:
    return [with_header(lab, victim, crit=crit) for crit in (["x"], [], ["exp"], "x")]


def b64_false(lab: Lab, victim: Account) -> list[str]:
    header = encode(our_header(lab.settings, b64=False, crit=["b64"]))
    body = json.dumps(claims_for(victim))
    detached = f"{header}..{encode(hmac_of(secret_of(lab.settings), f'{header}.{body}'))}"
    return [detached, with_header(lab, victim, b64=False), with_header(lab, victim, b64=True)]


def exp_past(lab: Lab, victim: Account) -> list[str]:
    now = int(time.time())
    return [lab.forged(victim, iat=now - 60, exp=now - 1), lab.forged(victim, iat=now - 60, exp=now)]


def exp_missing(lab: Lab, victim: Account) -> list[str]:
    claims = claims_for(victim)
    del claims["exp"]
    return [forge(our_header(lab.settings), claims, secret_of(lab.settings)), lab.forged(victim, exp=None)]


def exp_of_another_kind(lab: Lab, victim: Account) -> list[str]:
    raw = json.dumps(claims_for(victim, exp="EXP"))
    spelt = [raw.replace('"EXP"', value).encode() for value in ("1e400", "NaN", "Infinity", "9" * 5000, "1e10")]
    values = ["9999999999", 9999999999.5, 9999999999, -1, 0, 10**30, True, [9999999999]]
    return [forge(our_header(lab.settings), claims, secret_of(lab.settings)) for claims in spelt] + [
        lab.forged(victim, exp=value) for value in values
    ]


def nbf_future(lab: Lab, victim: Account) -> list[str]:
    now = int(time.time())
    return [lab.forged(victim, nbf=nbf) for nbf in (now + 3600, "tomorrow", None, now + 0.5)]


def iat_future(lab: Lab, victim: Account) -> list[str]:
    now = int(time.time())
    return [lab.forged(victim, iat=now + 3600, exp=now + 7200), lab.forged(victim, iat=str(now))]


def another_issuer_audience_or_type(lab: Lab, victim: Account) -> list[str]:
    claims = [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": [tokens.AUDIENCE]},
        {"aud": None},
    ]
    return [lab.forged(victim, **change) for change in claims] + [
        with_header(lab, victim, typ=typ) for typ in ("JWT", "at", None, ["at+jwt"], "AT+JWT ")
    ]


def refresh_token_as_access_token(lab: Lab, victim: Account) -> list[str]:
    return [victim.refresh]


def token_of_the_plugin(lab: Lab, victim: Account) -> list[str]:
    return [with_header(lab, victim, typ="plugin+jwt")]


def token_of_a_password_reset(lab: Lab, victim: Account) -> list[str]:
    return [with_header(lab, victim, typ="reset+jwt")]


def duplicate_claims(lab: Lab, victim: Account) -> list[str]:
    raw = json.dumps(claims_for(victim))
    claims = raw.replace('"sub":', f'"sub": "{new_id()}", "sub":').encode()
    header = json.dumps(our_header(lab.settings)).replace('"alg":', '"alg": "none", "alg":').encode()
    return [
        forge(our_header(lab.settings), claims, secret_of(lab.settings)),
        forge(header, claims_for(victim), secret_of(lab.settings)),
    ]


def huge_token(lab: Lab, victim: Account) -> list[str]:
    huge = with_header(lab, victim, x="x" * 1_000_000)
    began = time.perf_counter()
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(lab.authenticator.ring, huge)
    assert time.perf_counter() - began < 0.05
    return [huge, lab.forged(victim, x="x" * tokens.MAX_BYTES)]


def jwe_bomb(lab: Lab, victim: Account) -> list[str]:
    header = encode({"alg": "dir", "enc": "A256GCM", "zip": "DEF"})
    return [f"{header}..{encode(b'iv')}.{encode(b'0' * 500)}.{encode(b'tag')}"]


def nested_json(lab: Lab, victim: Account) -> list[str]:
    def nested(depth: int) -> bytes:
        return json.dumps(claims_for(victim, x=0)).replace('"x": 0', '"x": ' + "[" * depth + "]" * depth).encode()

    return [forge(our_header(lab.settings), nested(depth), secret_of(lab.settings)) for depth in (100_000, 2_500)]


def unstorable_text(lab: Lab, victim: Account) -> list[str]:
    subject = str(victim.user_id)
    return [
        lab.forged(victim, sub=sub) for sub in (f"{subject}\x00", "\x00", "\ud800", subject.upper(), f"{{{subject}}}")
    ]


def other_base64(lab: Lab, victim: Account) -> list[str]:
    head, body, signature = victim.access.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = signature[:-1] + last[(last.index(signature[-1]) ^ 1)]
    padded = [f"{head}.{body}.{signature}=", f"{head}=.{body}.{signature}", f"{head}.{body}==.{signature}"]
    wrapped = [f"{head}.{body}.{signature[:9]}\t{signature[9:]}", f"{head}.{body}. {signature}"]
    # A token whose three parts need the two characters in which the alphabets differ.
    token = victim.access
    while not set("-_") & set(token.rpartition(".")[2]):
        token = lab.forged(victim)
    standard = token.replace("-", "+").replace("_", "/")
    return [*padded, *wrapped, f"{head}.{body}.{loose}", standard]


async def foreign_key_address(lab: Lab, victim: Account) -> list[Attempt]:
    calls = []
    server = await asyncio.start_server(lambda *_connection: calls.append(1), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/k"
    forged = [with_header(lab, victim, kid=kid, **{name: address}) for name in ("jku", "x5u") for kid in ("k", None)]
    for token in forged:
        assert not await lab.is_let_in(token)
    server.close()
    await server.wait_closed()
    assert calls == []
    return attempts(forged)


async def header_in_other_forms(lab: Lab, victim: Account) -> list[Attempt]:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await lab.api.get(f"{AUTH}/me", headers={"Authorization": f"{scheme} {victim.access}"})
        assert answer.status_code == 200
    header = ("Authorization", f"Bearer {victim.access}")
    forms = [
        f"Basic {victim.access}",
        victim.access,
        "Bearer",
        "Bearer ",
        f"Bearer  {victim.access}",
        f"Token {victim.access}",
    ]
    in_query = await lab.api.get(f"{AUTH}/me", params={"access_token": victim.access})
    assert in_query.status_code in {401, 422}
    return [
        Attempt(headers=[header, header]),
        Attempt(headers=[("Authorization", "Bearer x"), header]),
        *(Attempt(headers={"Authorization": form}) for form in forms),
    ]


async def access_token_as_refresh_token(lab: Lab, victim: Account) -> list[Attempt]:
    return [Attempt(f"{AUTH}/refresh", "POST", json={"refresh_token": victim.access})]


def attempts(forged: list[str]) -> list[Attempt]:
    return [Attempt(headers=bearer(token)) for token in forged]


FORGERS: dict[str, Forger] = {
    "alg-none": alg_none,
    "alg-None/NONE/nOnE": alg_none_in_other_cases,
    "sig-stripped": signature_stripped,
    "two-parts": two_parts,
    "four-parts": four_parts,
    "hs-rs-confusion": public_key_as_secret,
    "alg-swap": another_digest,
    "empty-key": empty_key,
    "weak-key": weak_key,
    "embedded-jwk": embedded_key,
    "kid-traversal": kid_of_a_file,
    "kid-sql": kid_of_sql,
    "kid-unknown": kid_unknown,
    "kid-array/number/null": kid_of_another_type,
    "crit-unknown": crit_unknown,
    "b64-false": b64_false,
    "exp-past": exp_past,
    "exp-missing": exp_missing,
    "exp-string/float/huge/negative": exp_of_another_kind,
    "nbf-future": nbf_future,
    "iat-future": iat_future,
    "wrong-iss/aud/typ": another_issuer_audience_or_type,
    "refresh-as-access": refresh_token_as_access_token,
    "plugin-token-as-user": token_of_the_plugin,
    "password-reset-as-access": token_of_a_password_reset,
    "dup-claims": duplicate_claims,
    "huge-token": huge_token,
    "jwe-bomb": jwe_bomb,
    "json-nested": nested_json,
    "unicode": unstorable_text,
    "b64-std-alphabet": other_base64,
}
BUILDERS: dict[str, Builder] = {
    "jku/x5u": foreign_key_address,
    "header-case": header_in_other_forms,
    "access-as-refresh": access_token_as_refresh_token,
    **STATEFUL,
}


def attacks() -> Iterator[object]:
    if not FACTS.exists():
        yield pytest.param("", marks=pytest.mark.skip(reason="../shared/abuse/jwt/attacks.json is not there"))
        return
    yield from (entry["id"] for entry in json.loads(FACTS.read_text()))


@pytest.mark.parametrize("attack", list(attacks()))
async def test_attack_is_refused_and_changes_nothing(lab: Lab, victim: Account, attack: str) -> None:
    assert await lab.is_let_in(victim.access), "the victim's own token opens the API, so a refusal means something"
    with capture_logs() as logs:
        if attack in FORGERS:
            tries = attempts(FORGERS[attack](lab, victim))
        else:
            tries = await BUILDERS[attack](lab, victim)
        before = await lab.state_of(victim)
        for attempt in tries:
            answer = await lab.api.request(attempt.method, attempt.path, headers=attempt.headers, json=attempt.json)
            assert answer.status_code in {401, 403}, f"{attempt}: {answer.status_code} {answer.text}"
    assert tries
    assert await lab.state_of(victim) == before
    refusals = [entry for entry in logs if entry["event"].endswith("_refused") or entry["event"].endswith("_reused")]
    assert refusals, "a refusal leaves a line in the log"
    assert not any(victim.access in str(entry) for entry in refusals)


def test_no_builder_stands_for_an_attack_that_is_not_listed() -> None:
    if not FACTS.exists():
        pytest.skip("../shared/abuse/jwt/attacks.json is not there")
    listed = {entry["id"] for entry in json.loads(FACTS.read_text())}
    assert FORGERS.keys() | BUILDERS.keys() == listed
    assert len(listed) == 43
