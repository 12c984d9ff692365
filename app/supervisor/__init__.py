"""Starts, watches and stops processes: the embedded PostgreSQL and Redis, and the children of `python -m app run`.

Knows no feature and no settings; what to start is handed in.
"""
