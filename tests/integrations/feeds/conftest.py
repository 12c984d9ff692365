"""A feed file of the test's own content."""

from pathlib import Path

import pytest

from tests.integrations.feeds.reading import WriteFeed


@pytest.fixture
def write_feed(tmp_path: Path) -> WriteFeed:
    def write(content: str | bytes, name: str = "feed.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write
