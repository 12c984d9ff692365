"""Fixtures of the command line: an API with prepared answers."""

from collections.abc import Iterator

import pytest

from tests.cli.stub_api import StubApi, stub_api


@pytest.fixture
def stub() -> Iterator[StubApi]:
    with stub_api() as running:
        yield running
