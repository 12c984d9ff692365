"""Suppliers: connecting them, how they stand, starting their syncs. What a sync does is app/sync's; how a vendor speaks
is its folder's in app/integrations.
"""
