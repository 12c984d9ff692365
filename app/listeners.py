"""The index of who listens to which event: importing this module registers them. One import per feature."""

__all__: list[str] = []
