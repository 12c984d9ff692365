"""Who gets into the sandbox's AliExpress: signatures, codes, tokens and their ends, limits."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.sandbox.aliexpress.signing import base_string, signature
from tests.sandbox.aliexpress.conftest import KEY, Caller, signed
from tests.support.sandbox import Sandbox
from tests.support.shared import shared

FEEDS = "aliexpress.ds.feedname.get"


def test_signatures_are_those_of_the_vectors() -> None:
    vectors = json.loads(shared("specs/aliexpress/sign_vectors.json").read_text(encoding="utf-8"))["vectors"]
    assert len(vectors) == 3
    for vector in vectors:
        path, given = vector.get("path", ""), vector["params"]
        assert base_string(given, path) == vector["base_string"]
        for method, name in (("sha256", "sign_sha256"), ("md5", "sign_md5"), ("hmac", "sign_hmac_md5")):
            if name in vector:
                assert signature(given, vector["secret"], path, method) == vector[name]
    assert signature({"a": "b"}, "s", "", "rot13") is None


def test_a_call_is_taken_only_as_it_was_signed(caller: Caller) -> None:
    sent = caller.system(method=FEEDS, session=caller.token)
    right = signed(sent)

    def code(parameters: dict[str, str], how: str = "form") -> str | None:
        asked = {"data": parameters} if how == "form" else {"params": parameters}
        return caller.http.post("/sync", **asked).json().get("error_response", {}).get("code")

    assert code(right) is None
    assert code(right, "query") is None
    assert code(signed({**sent, "page_name": "ceinture été ☀"})) is None
    assert code({**right, "extra": "1"}) == "IncompleteSignature"
    assert code({**right, "sign": right["sign"].lower()}) == "IncompleteSignature"
    assert code(signed(sent, secret="other")) == "IncompleteSignature"
    assert code(sent) == "MissingParameter"
    assert code(signed({**sent, "app_key": "other"})) == "InvalidAppKey"
    assert code(signed({**sent, "timestamp": "2026-01-01 00:00:00"})) == "IllegalTimestamp"
    assert code(signed({**sent, "method": "aliexpress.nonsense"})) == "InvalidMethod"
    assert code(signed({**sent, "session": "other"})) == "IllegalAccessToken"
    access = {name: value for name, value in sent.items() if name != "session"} | {"access_token": caller.token}
    assert code(signed(access)) is None


def test_a_consent_leads_back_with_a_code_that_works_once(caller: Caller) -> None:
    query = {"response_type": "code", "client_id": KEY, "redirect_uri": "http://127.0.0.1/back?x=1", "state": "s t"}
    back = urlsplit(caller.http.get("/oauth/authorize", params=query).headers["location"])
    told = parse_qs(back.query)
    assert (back.hostname, told["x"], told["state"]) == ("127.0.0.1", ["1"], ["s t"])
    first = caller.tokens("create", code=told["code"][0])
    example = json.loads(shared("specs/aliexpress/samples/token_create_ok.json").read_text(encoding="utf-8"))
    assert set(first) == set(example)
    assert {name: type(value) for name, value in first.items()} == {name: type(example[name]) for name in example}
    assert (first["expires_in"], first["refresh_expires_in"], first["code"]) == (86400, 172800, "0")
    assert caller.tokens("create", code=told["code"][0])["code"] == "InvalidCode"
    for wrong in ({"client_id": "other"}, {"redirect_uri": "javascript:alert(1)"}):
        assert caller.http.get("/oauth/authorize", params={**query, **wrong}).status_code == 400


def test_renewing_spends_the_token_and_does_not_prolong_the_consent(sandbox: Sandbox, caller: Caller) -> None:
    old_access, old_refresh = caller.token, caller.refresh
    sandbox.world.clock.advance(timedelta(hours=25))
    assert caller.raw(FEEDS)["error_response"]["code"] == "IllegalAccessToken"
    fresh = caller.tokens("refresh", refresh_token=old_refresh)
    assert fresh["access_token"] != old_access
    assert 22 * 3600 < fresh["refresh_expires_in"] <= 23 * 3600
    assert caller.tokens("refresh", refresh_token=old_refresh)["code"] == "IllegalRefreshToken"
    caller.token = fresh["access_token"]
    assert "aliexpress_ds_feedname_get_response" in caller.raw(FEEDS)
    sandbox.world.clock.advance(timedelta(hours=24))
    assert caller.raw(FEEDS)["error_response"]["code"] == "IllegalAccessToken"
    assert caller.tokens("refresh", refresh_token=fresh["refresh_token"])["code"] == "IllegalRefreshToken"


def test_a_token_that_was_made_to_expire_is_over(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("expired", vendor="aliexpress", times=1)
    assert [caller.raw(FEEDS)["error_response"]["code"] for _ in range(2)] == ["IllegalAccessToken"] * 2
    caller.token = caller.tokens("refresh", refresh_token=caller.refresh)["access_token"]
    assert "aliexpress_ds_feedname_get_response" in caller.raw(FEEDS)


def test_too_many_calls_are_refused_in_a_200(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.world.reset(rate_limits=True)
    caller.consent()
    sandbox.world.aliexpress.limit.seconds = 60
    answers = [caller.raw(FEEDS) for _ in range(12)]
    assert ["error_response" in answer for answer in answers] == [False] * 10 + [True] * 2
    wanted = ("ApiCallLimit", "Api access frequency exceeds the limit")
    assert (answers[-1]["error_response"]["code"], answers[-1]["error_response"]["msg"]) == wanted


@pytest.mark.parametrize("status", [401, 429])
def test_faults_speak_its_words(sandbox: Sandbox, caller: Caller, status: int) -> None:
    sandbox.fault("status", vendor="aliexpress", path="/sync/aliexpress.ds.feedname.get", status=status, times=1)
    assert "result" in caller.call("aliexpress.ds.category.get")["resp_result"]
    assert caller.raw(FEEDS)["error_response"]["code"] == {401: "IllegalAccessToken", 429: "ApiCallLimit"}[status]
    sandbox.fault("soft", vendor="aliexpress")
    assert caller.raw(FEEDS)["code"] == "15"
    assert caller.raw(FEEDS)["error_response"]["code"] == "15"
    search = caller.raw("aliexpress.ds.text.search")
    assert search == {"aliexpress_ds_text_search_response": {"code": "NGSELECTION_SEARCH_ERROR"}}


def test_the_ledger_knows_methods_and_keeps_no_secrets(sandbox: Sandbox, caller: Caller) -> None:
    caller.raw(FEEDS)
    caller.tokens("refresh", refresh_token=caller.refresh)
    paths = [call.path for call in sandbox.calls("aliexpress")]
    assert paths[-2:] == [f"/sync/{FEEDS}", "/rest/auth/token/refresh"]
    kept = str(sandbox.calls("aliexpress"))
    assert caller.token not in kept
    assert caller.refresh not in kept
