"""Sheets, supplier lists and Google's columns: one sellable unit per row, groups of rows as variants."""

from decimal import Decimal

import pytest

from app.integrations.feeds.reader import inspect
from tests.integrations.feeds.reading import WriteFeed, read_all

GOOGLE = (
    "id,title,link,image_link,additional_image_link,availability,price,sale_price,sale_price_effective_date,"
    "item_group_id,color,size,product_type,gtin,shipping_weight\n"
)


def test_a_group_of_google_is_one_product_with_variants(write_feed: WriteFeed) -> None:
    path = write_feed(
        GOOGLE
        + "t-1,Tee,https://x.example/t,https://x.example/1.jpg,,in_stock,20.00 EUR,15.00 EUR,,tee,Red,S,A > B,,0.2 kg\n"
        + "m-1,Mug,https://x.example/m,https://x.example/m.jpg,,preorder,EUR 5,,,,White,,A,4006381333931,\n"
        + "t-2,Tee,https://x.example/t,https://x.example/2.jpg,,out of stock,20.00 EUR,,,tee,Blue,,A > B,,\n"
    )

    found = read_all(path)
    tee, mug = found.products["tee"], found.products["m-1"]

    assert found.reader.profile.layout == "google"
    assert tee.options == ("Color", "Size")
    assert [(v.external_id, dict(v.options), v.availability) for v in tee.variants] == [
        ("t-1", {"Color": "Red", "Size": "S"}, "in_stock"),
        ("t-2", {"Color": "Blue"}, "out_of_stock"),
    ]
    red = tee.variants[0]
    assert (red.price, red.compare_at_price, red.currency, red.weight_g) == (Decimal(15), Decimal(20), "EUR", 200)
    assert [image.url for image in tee.images] == ["https://x.example/1.jpg", "https://x.example/2.jpg"]
    assert (mug.fragment, mug.attributes, mug.category_path) == (False, {"Color": "White"}, ("A",))
    assert (mug.variants[0].gtin, mug.variants[0].availability) == ("4006381333931", "preorder")


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("2020-01-01T00:00+0100/2099-01-01T00:00+0100", 15),
        ("2020-01-01T00:00-0800/2020-02-01T00:00-0800", 20),
        ("2099-01-01/2099-02-01", 20),
        ("always", 20),
    ],
)
def test_a_sale_price_of_google_counts_within_its_dates(write_feed: WriteFeed, dates: str, price: int) -> None:
    path = write_feed(GOOGLE + f"m,Mug,,,,in stock,20 EUR,15 EUR,{dates},,,,,,\n")

    assert read_all(path).products["m"].variants[0].price == price


def test_the_prefix_g_changes_nothing(write_feed: WriteFeed) -> None:
    path = write_feed("g:id\ttitle\tg:price\tg:availability\tg:image_link\n1\tMug\t5 EUR\tin stock\t\n")

    found = read_all(path)

    assert found.reader.profile.layout == "google"
    assert found.products["1"].variants[0].price == 5


@pytest.mark.parametrize(
    ("header", "identity"),
    [
        ("id,sku,url,gtin", "1"),
        ("sku,url,gtin", "S-1"),
        ("url,gtin", "https://x.example/1"),
        ("gtin,title", "4006381333931"),
    ],
)
def test_identity_is_the_id_else_sku_else_address_else_article_number(
    write_feed: WriteFeed, header: str, identity: str
) -> None:
    values = {"id": "1", "sku": "S-1", "url": "https://x.example/1", "gtin": "4006381333931", "title": "Mug"}
    names = header.split(",")

    product = read_all(write_feed(f"{header}\n{','.join(values[name] for name in names)}\n")).products[identity]

    assert product.variants[0].external_id == identity


def test_a_title_alone_is_no_identity(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,price\n,Chair,5\n2,,6\nTotal,,\n,,11\n"))

    assert found.codes == [(2, "identity_missing"), (5, "identity_missing")]
    assert found.products["2"].title is None


def test_german_roles_of_prices_are_kept_apart(write_feed: WriteFeed) -> None:
    found = read_all(
        write_feed(
            "Art.-Nr.;Bezeichnung;EK netto;Netto-VK;Brutto-VK;UVP;MwSt.;Bestand;Gewicht (kg);Bild;Hersteller\n"
            "A-1;Stuhl;10,00;29,37;34,95;44,90;19;>10;7,5;https://x.example/a.jpg|https://x.example/b.jpg;Holz & Co\n"
        )
    )
    chair = found.products["A-1"]
    (variant,) = chair.variants

    assert (variant.price, variant.compare_at_price, variant.cost) == (Decimal("34.95"), Decimal("44.90"), Decimal(10))
    assert (variant.stock, variant.weight_g, chair.brand, len(chair.images)) == (10, 7500, "Holz & Co", 2)
    assert chair.attributes == {}


def test_a_net_price_is_never_taken_for_the_price_silently(write_feed: WriteFeed) -> None:
    path = write_feed("Référence;Désignation;Prix HT\nR1;Chaise;29,37\n")

    assert [warning.code for warning in inspect(path).warnings] == ["only_net_price"]
    assert read_all(path).products["R1"].variants[0].price is None
    assert read_all(path, mapping={"Prix HT": "price"}).products["R1"].variants[0].price == Decimal("29.37")


def test_a_name_with_two_meanings_is_said_to_be_a_guess(write_feed: WriteFeed) -> None:
    profile = inspect(write_feed("Codice;Nome;Prezzo\nC1;Sedia;29,37\n"))

    assert {warning.code for warning in profile.warnings} == {"column_guessed"}
    assert {column.field: column.confidence for column in profile.columns} == {"sku": 0.5, "title": 0.8, "price": 0.5}


def test_unknown_columns_are_kept_as_attributes(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,Sockel,Gewicht,Leer\n1,Lampe,E27,220,\n"))

    assert found.products["1"].attributes == {"Sockel": "E27", "Gewicht": "220"}
    assert found.products["1"].variants[0].weight_g is None


@pytest.mark.parametrize(
    ("cell", "stock", "availability"),
    [
        ("5", 5, "in_stock"),
        ("0", 0, "out_of_stock"),
        ("-3", 0, "out_of_stock"),
        ("5.0", 5, "in_stock"),
        (">10", 10, "in_stock"),
        ("10+", 10, "in_stock"),
        ("12 Stk.", 12, "in_stock"),
        ("auf Lager", None, "in_stock"),
        ("sold out", None, "out_of_stock"),
        ("", None, "unknown"),
    ],
)
def test_quantities_are_read_as_suppliers_write_them(
    write_feed: WriteFeed, cell: str, stock: int | None, availability: str
) -> None:
    (variant,) = read_all(write_feed(f"sku;title;stock\n1;Chair;{cell}\n")).products["1"].variants

    assert (variant.stock, variant.availability) == (stock, availability)


@pytest.mark.parametrize("cell", ["many", "2.5", "1e9", "99999999999", "\u0665", "\u00b2"])
def test_what_is_no_quantity_is_refused(write_feed: WriteFeed, cell: str) -> None:
    found = read_all(write_feed(f"sku;title;stock\n1;Chair;{cell}\n"))

    assert found.codes == [(2, "stock_invalid")]
    assert found.rejected[0].column == "stock"


def test_an_article_number_with_lost_digits_is_left_out_and_said(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,ean\n1,Chair,4.26E+12\n"))

    assert found.products["1"].variants[0].gtin is None
    assert found.products["1"].variants[0].gtin_raw == "4.26E+12"
    assert [(warning.line, warning.code, warning.column) for warning in found.warnings] == [
        (2, "gtin_digits_lost", "ean")
    ]


def test_scripts_go_and_formatting_stays(write_feed: WriteFeed) -> None:
    rows = [
        ("a", '"<p onclick=""x()"">Soft<script>alert(1)</script></p>"', "<p>Soft</p>"),
        ("b", "&lt;p&gt;Soft&lt;/p&gt;", "<p>Soft</p>"),
        ("c", "Plain > text", "Plain > text"),
        ("d", "Tom & Jerry", "Tom &amp; Jerry"),
        ("e", '"<a href=""javascript:x()"">y</a><img src=x onerror=alert(1)>"', None),
    ]

    products = read_all(
        write_feed("sku,title,description\n" + "".join(f"{sku},T,{text}\n" for sku, text, _ in rows))
    ).products

    for sku, _, clean in rows[:4]:
        assert products[sku].description_html == clean
    assert not {"javascript", "onerror", "alert"} & set(
        (products["e"].description_html or "").replace("(", " ").split()
    )


def test_a_text_that_is_too_long_is_refused_by_name(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(f"sku,title\n{'x' * 201},Chair\n2,{'y' * 501}\n3,Chair\n"))

    assert found.codes == [(2, "text_too_long"), (3, "text_too_long")]
    assert [row.column for row in found.rejected] == ["sku", "title"]
    assert list(found.products) == ["3"]


def test_a_former_price_that_is_not_higher_is_none(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,price,compare_at_price\n1,5,5\n2,5,0\n3,5,6\n4,,6\n"))

    assert [found.products[sku].variants[0].compare_at_price for sku in "1234"] == [None, None, 6, None]
