"""Talking to the API as a client that wants to know why something was refused; what is asked stands elsewhere."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import cast

import httpx
from pydantic import JsonValue

BASE = "/api/v1"
PATIENCE = httpx.Timeout(30, connect=5)
CONNECT_RETRIES = 4  # 7.5 s in all: the time in which the supervisor starts a died API again

JsonObject = dict[str, JsonValue]


class StepFailed(Exception):
    """A step cannot go on; the message says what was asked, what came back and under which request id."""


class NoAnswer(StepFailed):
    """The API is away or does not get along; asked again later it may answer."""


class SellerLogin(httpx.Auth):
    """Sends the access token, and logs in again when it has expired."""

    def __init__(self, email: str, password: str, token: str) -> None:
        self._login = {"email": email, "password": password}
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code != httpx.codes.UNAUTHORIZED:
            return
        renewed = yield httpx.Request("POST", request.url.copy_with(path=f"{BASE}/auth/login"), json=self._login)
        renewed.read()
        if renewed.is_success:
            self._token = renewed.json()["access_token"]
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


def connect(api: str) -> httpx.Client:
    """A client of the API at this address, signed in by nobody."""
    # The proxies of the environment are for the outside world.
    transport = httpx.HTTPTransport(retries=CONNECT_RETRIES)
    return httpx.Client(base_url=f"{api}{BASE}", timeout=PATIENCE, transport=transport, trust_env=False)


def ask(client: httpx.Client, path: str, **parameters: str | int) -> JsonObject:
    """Read one resource."""
    return answered(_sent(client, client.build_request("GET", path, params=parameters)))


def tell(client: httpx.Client, path: str, body: JsonObject) -> httpx.Response:
    """Post a body and answer what came back, whatever it is."""
    return _sent(client, client.build_request("POST", path, json=body))


def tell_and_read(client: httpx.Client, path: str, body: JsonObject | None = None) -> JsonObject:
    """Post a body (an empty one is enough for many commands) and read the answer."""
    return answered(tell(client, path, body or {}))


def upload(
    client: httpx.Client, path: str, file: Path, *, idempotency_key: str, fields: Mapping[str, str] | None = None
) -> JsonObject:
    """Post a file as a form, streaming, and the fields that stand beside it."""
    with file.open("rb") as stream:
        request = client.build_request(
            "POST",
            path,
            files={"file": (file.name, stream)},
            data=dict(fields or {}),
            headers={"Idempotency-Key": idempotency_key},
        )
        return answered(_sent(client, request))


def answered(response: httpx.Response) -> JsonObject:
    """The JSON object of a success; anything else is a failed step."""
    if response.is_server_error:
        raise NoAnswer(refusal(response))
    if not response.is_success:
        raise StepFailed(refusal(response))
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise StepFailed(f"{_asked(response.request)} answered {response.status_code} without a JSON object")
    return cast("JsonObject", body)


def refusal(response: httpx.Response) -> str:
    """What the API said about a request that it refused."""
    try:
        body = response.json()
    except ValueError:
        body = None
    problem = body if isinstance(body, dict) else {}
    words = problem.get("detail") or response.text[:500] or "no words"
    code = f" {problem['code']}" if "code" in problem else ""
    request_id = problem.get("request_id") or response.headers.get("X-Request-ID") or "none"
    return f"{_asked(response.request)} answered {response.status_code}{code}: {words} (request id {request_id})"


def _sent(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        return client.send(request)
    except httpx.TransportError as error:
        raise NoAnswer(f"{_asked(request)} got no answer: {error.__class__.__name__} {error}".strip()) from error


def _asked(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
