"""Undoing by real workers that are killed in the middle: everything is taken back once, and the file goes in again."""

import time

import pytest

from tests.scraping.test_processes import FINAL, ROWS, Json, Shop, wait_until_killed

pytestmark = [pytest.mark.processes, pytest.mark.own_server]

SEAMS = ("undo_step_done:2", "before_checkpoint:3")


def wait_for(shop: Shop, address: str) -> Json:
    for _ in range(900):
        job = shop.job(address)
        if job["status"] in FINAL:
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def test_an_undo_whose_workers_are_killed_takes_everything_back_once(shop: Shop) -> None:
    worker = shop.house.start_worker("import", wait=False)
    first = shop.upload(seed=1)
    assert wait_for(shop, first)["result"]["created"] == ROWS
    worker.stop()
    address = shop.client.post(f"{first}/undo").headers["location"]

    for seam in SEAMS:
        wait_until_killed(shop.house.start_worker("import", fault_at=f"{seam}:group", wait=False))
    shop.house.start_worker("import", wait=False)

    undo = wait_for(shop, address)
    assert (undo["status"], undo["outcome"], undo["result"]["kept"]) == ("completed", "ok", 0), undo
    assert undo["attempt"] > len(SEAMS)
    assert shop.total() == 0
    assert wait_for(shop, shop.upload(seed=1))["result"]["created"] == ROWS
    assert shop.total() == ROWS
