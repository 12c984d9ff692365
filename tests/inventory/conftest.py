"""Stock is named by SKU over the API, so its tests use the shop of the product tests."""

from tests.products.conftest import shared_shop, shop

__all__ = ["shared_shop", "shop"]
