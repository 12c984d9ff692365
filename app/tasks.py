"""The index of all kinds of job: importing this module registers what the worker knows. One import per feature."""

__all__: list[str] = []
