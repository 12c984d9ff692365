"""Consents at a vendor: ended once, by who began them, and back to an address of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.integrations import registry
from app.integrations.contracts.access import Access, Account, Tokens
from app.integrations.contracts.catalogue import CatalogueSource
from tests.conftest import MakeSeller
from tests.connections.renewing import Words, vendor
from tests.suppliers.conftest import Desk


class Known(Words):
    async def exchange(self, access: Access, *, code: str, redirect_uri: str) -> Tokens:
        return Tokens(f"access-{code}", None, "refresh", None, Account("7", "Seven"))


@asynccontextmanager
async def open_source(access: Access) -> AsyncIterator[CatalogueSource]:
    raise NotImplementedError
    yield


@pytest.fixture(autouse=True)
def by_consent() -> object:
    registry.VENDORS["issuer"] = replace(vendor(1), oauth=Known(1), source=open_source)
    yield
    del registry.VENDORS["issuer"]


async def begin(desk: Desk) -> str:
    begun = await desk.ask("GET", "/issuer/authorize")
    return parse_qs(urlsplit(begun["authorize_url"]).query)["state"][0]


async def test_a_consent_connects_the_account_once(desk: Desk) -> None:
    state = await begin(desk)
    made = await desk.ask("GET", f"/issuer/callback?code=c&state={state}")
    assert (made["account"], made["credentials"]) == ("Seven", {"access_token": "[redacted]"})
    assert (await desk.ask("GET", f"/issuer/callback?code=c&state={state}", status=422))["code"] == "consent_invalid"


async def test_a_consent_is_of_no_use_to_others_or_when_it_is_old(
    desk: Desk, make_seller: MakeSeller, database: Database
) -> None:
    state = await begin(desk)
    stranger = Desk(desk.api, await make_seller(), desk.worker)
    await stranger.ask("GET", f"/issuer/callback?code=c&state={state}", status=422)
    async with database.session(desk.seller.scope) as session:
        await session.execute(text("UPDATE connection_consents SET created_at = now() - interval '11 minutes'"))
    await desk.ask("GET", f"/issuer/callback?code=c&state={state}", status=422)
    assert (await desk.ask("GET", "/list"))["items"] == []


async def test_codes_are_sent_to_addresses_of_ours_only(desk: Desk) -> None:
    refused = await desk.ask("GET", "/issuer/authorize?redirect_uri=https://evil.example/x", status=422)
    assert refused["code"] == "redirect_refused"
    assert (await desk.ask("POST", "/connect", {"vendor": "issuer"}, 422))["code"] == "consent_needed"
