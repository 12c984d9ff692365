"""AliExpress' dropshipping protocol over invented goods, from captured answers and clients (2025-03 to 2026-08)."""

NAME = "aliexpress"
