"""The one road in: source products of any kind are staged, matched by identity, upserted where they differ, reported.

Knows no vendor and no file format; it is given pages of source products (app/integrations/contracts).
"""
