"""What all tests of the engine share."""

from tests.support.engine import engine, steps_table

__all__ = ["engine", "steps_table"]
