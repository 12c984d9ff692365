"""What a feed may bring is what a product may hold: the limits stand on two floors that may not see each other."""

from app.integrations.feeds import fields, prices
from app.products import bounds


def test_texts_of_feeds_are_as_long_as_those_of_products() -> None:
    wanted = {
        "id": bounds.EXTERNAL_ID,
        "group_id": bounds.EXTERNAL_ID,
        "sku": bounds.SKU,
        "title": bounds.TITLE,
        "description": bounds.DESCRIPTION,
        "short_description": bounds.DESCRIPTION,
        "brand": bounds.BRAND,
        "url": bounds.URL,
    }

    assert wanted == fields.MAX_LENGTH


def test_parts_of_feeds_are_as_many_and_as_large_as_those_of_products() -> None:
    assert (fields.MAX_IMAGES, fields.MAX_TAGS, fields.MAX_TAG) == (bounds.IMAGES, bounds.TAGS, bounds.TAG)
    assert (fields.MAX_OPTION_VALUE, fields.MAX_ATTRIBUTE_NAME) == (bounds.OPTION_VALUE, bounds.ATTRIBUTE_NAME)
    assert (fields.MAX_STOCK, fields.MAX_WEIGHT_G) == (bounds.STOCK, bounds.WEIGHT_G)


def test_feeds_never_bring_more_than_products_hold() -> None:
    assert fields.MAX_ATTRIBUTES <= bounds.ATTRIBUTES
    assert prices.MAX_AMOUNT <= bounds.PRICE
