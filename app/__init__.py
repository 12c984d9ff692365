"""Crossdock: a commerce-operations backend. Features are folders, floors order them (docs/architecture.md)."""
