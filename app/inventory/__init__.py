"""Quantities of goods, keyed by variant id and knowing no product: an append-only ledger of entries and the balances
it adds up to. The only writer of quantities in the house.
"""
