"""Each test has lanes of its own: what one test's vendor has failed is not held against the next one's."""

from collections.abc import Iterator

import pytest

from app.core import lanes
from app.core.lanes import Lanes


@pytest.fixture(autouse=True)
def _own_lanes() -> Iterator[None]:
    before = lanes.use(Lanes())
    yield
    lanes.use(before)
