"""DummyJSON's protocol over invented goods, from its documentation and its source at 55ca918 (2026-06-17)."""

NAME = "dummyjson"
