"""Syncs: what keeps a connection's goods and stock up to date. Triggering, schedules, runs and their history; the syncs
of suppliers and stores register here by name. Owns the role `source`: external product APIs.
"""
