"""Goods from files and pages: feeds that a seller uploads or names, single pages, whole web stores."""
