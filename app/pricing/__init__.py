"""Prices by variant id: pure rules that compute new ones, and the history of all changes. Knows no product."""
