"""The paths of older clients: their shapes, their headers, and that they do what their successors do."""

import httpx
import pytest
from sqlalchemy import update

from app.accounts.models import User
from app.core.ids import new_id
from app.core.system_session import SystemDatabase
from tests.conftest import PASSWORD, MakeSeller, Seller


@pytest.fixture
async def admin(make_seller: MakeSeller, system: SystemDatabase) -> Seller:
    """A seller who administers the platform too."""
    seller = await make_seller()
    async with system.session() as session:
        await session.execute(update(User).where(User.id == seller.user_id).values(is_admin=True))
    return seller


async def test_registers_and_logs_in_with_flat_answers(api: httpx.AsyncClient) -> None:
    email = f"someone-{new_id().hex}@example.com"
    made = await api.post("/auth/register", json={"email": email, "password": PASSWORD, "role": "user"})
    assert made.status_code == 201, made.text
    assert made.json().keys() == {"id", "email", "role", "created_at", "updated_at"}
    assert made.json()["role"] == "user"

    token = (await api.post("/auth/login", json={"email": email, "password": PASSWORD})).json()
    me = await api.get("/auth/me", headers={"Authorization": f"{token['token_type'].title()} {token['access_token']}"})
    assert me.json() == made.json()


async def test_an_administrator_makes_changes_and_deletes_products(api: httpx.AsyncClient, admin: Seller) -> None:
    body = {"name": "Laptop", "description": "Fast", "price": 999.99, "category": "Electronics", "height": 2.5}
    made = await api.post("/products", json=body, headers=admin.headers)
    assert made.status_code == 201, made.text
    product = made.json()
    told = ("title", "name", "price", "category", "height", "owner_id", "external_id")
    assert [product[name] for name in told] == [
        "Laptop", "Laptop", "999.99", "Electronics", "2.5", admin.tenant_id, None
    ]  # fmt: skip

    address = f"/products/{product['id']}"
    changed = await api.put(address, json={"price": 899}, headers=admin.headers)
    assert (changed.json()["price"], changed.json()["title"]) == ("899.00", "Laptop")
    assert (await api.get(address, headers=admin.headers)).json() == changed.json()
    ours = (await api.get(f"/api/v1{address}", headers=admin.headers)).json()
    assert (ours["price"], ours["attributes"]) == ("899.00", {"height": "2.5"})

    gone = await api.delete(address, headers=admin.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(address, headers=admin.headers)).status_code == 404


async def test_a_list_is_paged_by_rows_to_skip_or_by_number(api: httpx.AsyncClient, admin: Seller) -> None:
    for number in range(5):
        made = await api.post("/products", json={"name": f"Thing {number}", "price": number}, headers=admin.headers)
        assert made.status_code == 201

    async def page(query: str) -> tuple[list[str], dict[str, int]]:
        answer = await api.get(f"/products{query}", headers=admin.headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return [product["title"] for product in found.pop("products")], found

    titles, counts = await page("?skip=2&limit=2")
    assert titles == ["Thing 2", "Thing 1"]
    assert counts == {"total": 5, "skip": 2, "limit": 2, "page": 2, "page_size": 2, "total_pages": 3}
    assert (await page("/?page=2&page_size=2"))[0] == titles
    assert (await page("?search=thing&min_price=4"))[0] == ["Thing 4"]
    titles, counts = await page("")
    assert (len(titles), counts["total"], counts["skip"]) == (5, 5, 0)


async def test_who_is_no_administrator_reads_and_writes_nothing(api: httpx.AsyncClient, seller: Seller) -> None:
    refused = await api.post("/products", json={"name": "Laptop", "price": 1}, headers=seller.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "admin_required")
    found = await api.get("/products", headers=seller.headers)
    assert (found.status_code, found.json()["total"]) == (200, 0)
    for method in ("PUT", "DELETE"):
        answer = await api.request(method, f"/products/{new_id()}", json={}, headers=seller.headers)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "successor"),
    [
        ("GET", "/products", "/api/v1/products"),
        ("GET", "/products/a%0D%0AX:%20y", "/api/v1/products/a%0D%0AX%3A%20y"),
        ("POST", "/auth/login", "/api/v1/auth/login"),
        ("GET", "/auth/me", "/api/v1/auth/me"),
        ("POST", "/sync/trigger", "/api/v1/sync/trigger"),
        ("GET", "/sync/status/", "/api/v1/sync/status"),
    ],
)
async def test_every_answer_names_its_successor(
    api: httpx.AsyncClient, seller: Seller, method: str, path: str, successor: str
) -> None:
    for headers in (seller.headers, {}):
        answer = await api.request(method, path, headers=headers)
        assert answer.headers["deprecation"].startswith("@")
        assert answer.headers["link"] == f'<{successor}>; rel="successor-version"'


async def test_refuses_what_its_successor_refuses(api: httpx.AsyncClient, admin: Seller) -> None:
    for body in (
        {"price": 1},
        {"name": "A", "height": "tall"},
        {"name": "A", "height": [1]},
        {"name": "A", "colour": 1},
    ):
        answer = await api.post("/products", json=body, headers=admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
        assert "pydantic" not in answer.text
    assert (await api.get("/products?colour=red", headers=admin.headers)).status_code == 422
    assert (await api.get("/products", headers=admin.headers)).json()["total"] == 0


async def test_a_sync_is_started_and_told_of_in_the_words_of_the_product_api(
    api: httpx.AsyncClient, admin: Seller, make_seller: MakeSeller
) -> None:
    idle = await api.get("/sync/status", headers=admin.headers)
    assert (idle.json()["status"], idle.json()["result"]) == ("idle", None)

    started = await api.post("/sync/trigger", headers=admin.headers)
    assert started.status_code == 202, started.text
    told = started.json()
    assert (told["status"], told["provider_type"]) == ("started", "dummyjson")
    status = (await api.get("/sync/status", headers=admin.headers)).json()
    assert (status["status"], status["task_id"], status["current"]) == ("pending", told["task_id"], 0)
    again = await api.post("/sync/trigger", json={"provider_type": "dummyjson"}, headers=admin.headers)
    assert again.status_code == 202, again.text

    other = await make_seller()
    for method, path in (("POST", "/sync/trigger"), ("GET", "/sync/status")):
        assert (await api.request(method, path, headers=other.headers)).status_code == 403
    assert (await api.get("/api/v1/sync/history", headers=other.headers)).json()["items"] == []
