"""A shop that speaks as BigBuy does."""

from collections.abc import AsyncIterator

import pytest

from tests.integrations.bigbuy.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as made:
        yield made
