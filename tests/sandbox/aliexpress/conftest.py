"""A caller of the sandbox's AliExpress that signs as the published algorithm says, written apart from the sandbox."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.sandbox import Sandbox

KEY, SECRET = "sandbox", "sandbox-secret"
ADDRESS = {
    "address": "1 Rue Test",
    "city": "Paris",
    "province": "Ile-de-France",
    "zip": "75001",
    "country": "FR",
    "contact_person": "Jean Test",
    "full_name": "Jean Test",
    "mobile_no": "612345678",
    "phone_country": "+33",
    "locale": "en_US",
}


def signed(parameters: Mapping[str, str], path: str = "", secret: str = SECRET) -> dict[str, str]:
    base = path + "".join(f"{name}{value}" for name, value in sorted(parameters.items()))
    return {**parameters, "sign": hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest().upper()}


@dataclass
class Caller:
    http: httpx.Client
    token: str = ""
    refresh: str = ""

    def system(self, **more: str) -> dict[str, str]:
        return {"app_key": KEY, "timestamp": str(int(time.time() * 1000)), "sign_method": "sha256", **more}

    def raw(self, method: str, **asked: str) -> Any:
        sent = self.system(method=method, session=self.token, **asked)
        return self.http.post("/sync", data=signed(sent)).json()

    def call(self, method: str, **asked: str) -> Any:
        """The inside of the answer's wrapper."""
        answer = self.raw(method, **asked)
        assert list(answer) == [f"{method.replace('.', '_')}_response"], answer
        return answer[f"{method.replace('.', '_')}_response"]

    def tokens(self, kind: str, **asked: str) -> Any:
        path = f"/auth/token/{kind}"
        return self.http.post(f"/rest{path}", data=signed(self.system(**asked), path)).json()

    def code(self, **more: str) -> str:
        query = {"response_type": "code", "client_id": KEY, "redirect_uri": "http://127.0.0.1/back?x=1", **more}
        answer = self.http.get("/oauth/authorize", params=query)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def consent(self, **more: str) -> Any:
        told = self.tokens("create", code=self.code(**more))
        self.token, self.refresh = told["access_token"], told["refresh_token"]
        return told


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with httpx.Client(base_url=f"{sandbox.url}/aliexpress", trust_env=False) as http:
        calling = Caller(http)
        calling.consent()
        yield calling


def product(caller: Caller, number: int, country: str = "FR", **asked: str) -> Any:
    given = {"target_currency": "EUR", "target_language": "FR", **asked}
    return caller.call("aliexpress.ds.product.get", product_id=str(number), ship_to_country=country, **given)


def skus(shown: Any) -> list[Any]:
    listed = shown["result"]["ae_item_sku_info_dtos"]["ae_item_sku_info_d_t_o"]
    return listed if isinstance(listed, list) else [listed]


def place(caller: Caller, reference: str, items: list[dict[str, object]], **more: Any) -> Any:
    order = {"out_order_id": reference, "logistics_address": ADDRESS, "product_items": items, **more}
    return caller.call(
        "aliexpress.ds.order.create",
        param_place_order_request4_open_api_d_t_o=json.dumps(order),
        ds_extend_request=json.dumps({"payment": {"pay_currency": "EUR", "try_to_pay": "false"}}),
    )["result"]
