"""A whole installation in real processes, for tests that use it as its user would."""

from collections.abc import Iterator

import pytest

from app.core.config import Settings
from app.queue.names import Queue
from tests.support.house import open_house
from tests.support.servers import TestServers


@pytest.fixture(scope="session")
def live_api(servers: TestServers, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running API with its pulse and a worker of every queue."""
    with open_house(servers, settings, tmp_path_factory.mktemp("live")) as house:
        house.start_pulse(wait=False)
        house.start_worker(*Queue, wait=False)
        yield house.start_api()
