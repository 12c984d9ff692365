"""The documentation pages work without any other host, and the Authorize button finds its way."""

import re

import httpx
import pytest

from app.core.config import Settings
from tests.api.conftest import changed, open_client


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc", "/api/docs/", "/api/docs/oauth2-redirect"])
async def test_pages_load_everything_from_us(probe: httpx.AsyncClient, path: str) -> None:
    page = await probe.get(path)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    addresses = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page.text)
    assert all(address.startswith("/") for address in addresses), addresses
    for address in addresses:
        assert (await probe.get(address)).status_code == 200, address


@pytest.mark.parametrize(("path", "target"), [("/docs", "/api/docs"), ("/redoc", "/api/redoc"), ("/", "/api/docs")])
async def test_the_paths_that_people_try_first_lead_there(probe: httpx.AsyncClient, path: str, target: str) -> None:
    answer = await probe.get(path)
    assert (answer.status_code, answer.headers["location"]) == (308, target)


async def test_authorize_asks_a_route_that_exists_for_a_token(probe: httpx.AsyncClient) -> None:
    document = (await probe.get("/api/openapi.json")).json()
    schemes = document["components"]["securitySchemes"].values()
    (url,) = {scheme["flows"]["password"]["tokenUrl"] for scheme in schemes if scheme["type"] == "oauth2"}
    assert url == "/api/v1/auth/token"
    assert "post" in document["paths"][url]


async def test_assets_reach_no_other_file(probe: httpx.AsyncClient) -> None:
    for path in ("../__init__.py", "%2e%2e/core.py", "..%2fcore.py", "/etc/passwd", ""):
        answer = await probe.get(f"/api/docs/assets/{path}")
        assert answer.status_code == 404, path


async def test_pages_stay_in_production(settings: Settings) -> None:
    async with open_client(changed(settings, environment="production")) as client:
        for path in ("/api/docs", "/api/redoc", "/api/openapi.json"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "max-age" in answer.headers["strict-transport-security"]
