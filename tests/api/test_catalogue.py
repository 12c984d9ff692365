"""The catalogue of errors names every class of the product, and the committed page is what the classes say."""

import httpx

from app.api.catalogue import entries, error_classes
from tools import error_catalogue


def test_the_page_is_committed_as_the_classes_say() -> None:
    assert error_catalogue.TARGET.read_text() == error_catalogue.render(), "run `python -m tools.error_catalogue`"


def test_a_code_has_one_status() -> None:
    error_catalogue.render()
    statuses: dict[str, set[int]] = {}
    for error in error_classes():
        statuses.setdefault(error.code, set()).add(error.status)
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_every_entry_says_when_and_what_to_do() -> None:
    for entry in entries().values():
        assert entry.code.replace("_", "").isalnum()
        assert entry.code == entry.code.lower()
        assert entry.when.endswith((".", "…"))
        assert entry.mend.endswith((".", "…"))
        assert 400 <= entry.status < 600


async def test_the_type_of_a_problem_is_an_address_that_explains_it(api: httpx.AsyncClient) -> None:
    problem = (await api.get("/nowhere")).json()
    explained = (await api.get(problem["type"])).json()
    assert (explained["code"], explained["status"]) == (problem["code"], 404)
    assert explained["mend"]


async def test_lists_all_codes_and_refuses_unknown_ones(api: httpx.AsyncClient) -> None:
    codes = {entry["code"] for entry in (await api.get("/api/errors")).json()}
    assert codes >= {"not_found", "validation_failed", "rate_limited", "database_away"}
    answer = await api.get("/api/errors/no_such_code")
    assert (answer.status_code, answer.json()["code"]) == (404, "error_code_unknown")
