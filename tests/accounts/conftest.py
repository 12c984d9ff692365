"""The lab of tests/accounts."""

import httpx
import pytest
from fastapi import FastAPI

from app.core.config import Settings
from app.core.system_session import SystemDatabase
from tests.accounts.lab import Account, Lab


@pytest.fixture(scope="session")
def lab(api: httpx.AsyncClient, settings: Settings, system: SystemDatabase) -> Lab:
    """The API in process and the system role."""
    transport = api._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    return Lab(api, transport.app, settings, system)


@pytest.fixture
async def victim(lab: Lab) -> Account:
    """A seller of this test alone."""
    return await lab.register()
