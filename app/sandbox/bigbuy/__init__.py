"""BigBuy's REST protocol over invented goods, from its maintained clients' observations (2026-01) and its old guide."""

NAME = "bigbuy"
