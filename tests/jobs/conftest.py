"""What all tests of jobs share."""

from tests.support.engine import engine, steps_table

__all__ = ["engine", "steps_table"]
