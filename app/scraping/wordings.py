"""Our fields in words for people: what a column that is sent to one of them is taken for."""

from app.integrations.feeds import fields
from app.scraping.mapping_schemas import FieldView

# Field -> its title, and what its cells may hold.
WORDS: dict[str, tuple[str, str]] = {
    "id": ("Product id", "What the source calls the product. Rows with the same id are the same product for ever."),
    "group_id": ("Group of variants", "Rows with the same group are the variants of one product."),
    "parent": ("Parent", "The SKU or id of the product that this row is a variant of."),
    "sku": ("SKU", "The article number that you or your supplier use; unique within a source."),
    "gtin": ("EAN / GTIN", "EAN, UPC, ISBN or GTIN with a right check digit; others are kept but not matched on."),
    "mpn": ("Manufacturer's number", "The article number of the manufacturer; kept as an attribute."),
    "title": ("Title", "The product's name. New products need one."),
    "description": ("Description", "Text or HTML; scripts, forms and styles are removed."),
    "short_description": ("Short description", "Used where the description is empty."),
    "brand": ("Brand", "Brand or manufacturer."),
    "category": ("Category", "A path such as Home > Garden; also | and / part its levels."),
    "subcategory": ("Subcategory", "One more level below the category."),
    "taxonomy": ("Taxonomy", "A category of Google, Shopify or another standard; used where the category is empty."),
    "tags": ("Tags", "Words parted by comma, semicolon or bar."),
    "url": ("Product page", "The web address of the product at its source."),
    "image": ("Main image", "One or several web addresses of pictures."),
    "more_images": ("Further images", "Web addresses of further pictures; several columns may be sent here."),
    "image_alt": ("Image text", "The alternative text of the main image."),
    "variant_image": ("Image of the variant", "The web address of the picture that shows this variant."),
    "price": ("Price", "What a customer pays, tax included, with or without a currency: 12.90, 12,90 EUR."),
    "sale_price": ("Sale price", "A reduced price; it becomes the price, and the price the one compared at."),
    "sale_dates": ("Sale period", "Begin and end of the sale price as one cell: 2026-11-01/2026-11-30."),
    "sale_starts": ("Sale begins", "The day from which the sale price holds."),
    "sale_ends": ("Sale ends", "The day until which the sale price holds."),
    "compare_at_price": ("Compare-at price", "Former or recommended price; used where it is above the price."),
    "cost": ("Cost", "What you pay your supplier."),
    "net_price": ("Net price", "Recognised so that it is never taken for the price; not used."),
    "currency": ("Currency", "An ISO 4217 code such as EUR, for the prices of the row."),
    "vat": ("VAT", "Rate or class of tax; recognised, not used."),
    "stock": ("Stock", "A whole number, or words such as in stock."),
    "availability": ("Availability", "Words such as in stock, out of stock, preorder."),
    "availability_policy": ("Sell when out of stock", "continue or deny, as Shopify writes it."),
    "weight": ("Weight", "A number with its unit in the cell, in the column's name or in a column of its own."),
    "weight_unit": ("Unit of weight", "g, kg, lb or oz."),
    "status": ("Status", "published, draft or archived, in the words of the shop."),
    "published": ("Published", "Yes or no."),
    "type": ("Type of product", "simple, variable, variation, grouped, as WooCommerce writes it."),
    "color": ("Color", "An option where rows form groups; otherwise an attribute."),
    "size": ("Size", "An option where rows form groups; otherwise an attribute."),
    "material": ("Material", "An option where rows form groups; otherwise an attribute."),
    "pattern": ("Pattern", "An option where rows form groups; otherwise an attribute."),
    "condition": ("Condition", "new, used, refurbished; kept as an attribute."),
    **{
        f"option{number}_{part}": (f"Option {number}: {part}", words)
        for number in (1, 2, 3)
        for part, words in (
            ("name", "By what the variants of a product differ, such as Size."),
            ("value", "What this variant has of it, such as M."),
        )
    },
    "attribute": ("Attribute", "Kept under the column's own name; several columns may be sent here."),
    "ignore": ("Leave out", "The column is not read."),
}


def list_fields() -> list[FieldView]:
    """All fields in the order in which a person looks for them."""
    spellings: dict[str, list[str]] = {}
    for other, field in fields.ALIASES.items():
        spellings.setdefault(field, []).append(other)
    return [
        FieldView(
            name=name,
            kind=fields.KINDS[name],
            title=title,
            description=words,
            repeatable=name in fields.REPEATABLE,
            spellings=spellings.get(name, []),
        )
        for name, (title, words) in WORDS.items()
    ]
