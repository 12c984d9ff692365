"""What several folders of tests share. Fixtures live in servers.py, which conftest.py takes in as a plugin."""

import pytest

# conftest.py imports from it before pytest does; without this line pytest cannot rewrite its assertions.
pytest.register_assert_rewrite("tests.support.servers")
