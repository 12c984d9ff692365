"""What tests of intake share with those of feeds."""

from tests.scraping.test_processes import shop

__all__ = ["shop"]
