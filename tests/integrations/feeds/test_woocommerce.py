"""WooCommerce's layout: variations and their parents in any order, sale windows, translated headers."""

from decimal import Decimal

import pytest

from tests.integrations.feeds.reading import WriteFeed, read_all

HEADER = (
    "ID,Type,SKU,Name,Published,Short description,Description,Date sale price starts,Date sale price ends,In stock?,"
    "Stock,Weight (kg),Sale price,Regular price,Categories,Tags,Images,Parent,External URL,Attribute 1 name,"
    "Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)\n"
)
PARENT = '44,variable,tee,Tee,1,,Long text,,,1,,,,,"Clothing > Tees, Sale",,,,,Color,"Red, Blue",Size,"S, M"\n'
RED = "76,variation,tee-red,Tee - Red,1,,,,,1,5,0.2,,20,,,https://x.example/r.jpg,tee,,Color,Red,Size,\n"
BLUE = "77,variation,tee-blue,Tee - Blue,1,,,,,0,5,,15,20,,,,id:44,,Color,Blue,Size,S\n"


@pytest.mark.parametrize("rows", [PARENT + RED + BLUE, RED + PARENT + BLUE, RED + BLUE + PARENT])
def test_variations_find_their_parent_by_sku_or_id_in_any_order(write_feed: WriteFeed, rows: str) -> None:
    found = read_all(write_feed(HEADER + rows), rows=1)
    tee = found.products["44"]

    assert found.reader.profile.layout == "woocommerce"
    assert (tee.title, tee.sku, tee.category_path) == ("Tee", "tee", ("Clothing", "Tees"))
    assert tee.options == ("Color", "Size")
    assert {variant.external_id: dict(variant.options) for variant in tee.variants} == {
        "76": {"Color": "Red"},
        "77": {"Color": "Blue", "Size": "S"},
    }
    red = next(variant for variant in tee.variants if variant.sku == "tee-red")
    assert (red.price, red.compare_at_price, red.stock, red.weight_g) == (Decimal(20), None, 5, 200)
    assert red.image_url == "https://x.example/r.jpg"


def test_the_flag_wins_over_a_quantity_that_contradicts_it(write_feed: WriteFeed) -> None:
    blue = read_all(write_feed(HEADER + PARENT + BLUE)).products["44"].variants[0]

    assert (blue.stock, blue.availability) == (0, "out_of_stock")
    assert (blue.price, blue.compare_at_price) == (Decimal(15), Decimal(20))


def test_a_variation_whose_product_is_unknown_is_refused_unless_it_names_its_number(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(HEADER + RED + BLUE + BLUE.replace("id:44", "")))

    assert found.codes == [(2, "parent_unknown"), (4, "parent_missing")]
    assert found.products["44"].title is None


def test_a_refused_variation_names_its_parent_by_number_in_the_report(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(HEADER + PARENT + RED.replace(",20,", ",abc,")))

    assert found.codes == [(3, "price_invalid")]
    assert found.rejected[0].raw["Parent"] == "id:44"


def test_without_an_id_column_the_sku_identifies(write_feed: WriteFeed) -> None:
    header = HEADER.removeprefix("ID,")
    rows = "".join(row.split(",", 1)[1] for row in (PARENT, RED, BLUE.replace("id:44", "tee")))

    tee = read_all(write_feed(header + rows)).products["tee"]

    assert [variant.external_id for variant in tee.variants] == ["tee-red", "tee-blue"]


@pytest.mark.parametrize(
    ("starts", "ends", "price"),
    [
        ("", "", 15),
        ("2020-01-01 00:00:00", "", 15),
        ("2020-01-01", "2020-02-01", 20),
        ("2099-01-01", "", 20),
        ("", "2099-01-01", 15),
        ("soon", "", 20),
    ],
)
def test_a_sale_price_counts_within_its_dates(write_feed: WriteFeed, starts: str, ends: str, price: int) -> None:
    row = f"48,simple,mug,Mug,1,,,{starts},{ends},1,,,15,20,,,,,,,,,\n"

    (variant,) = read_all(write_feed(HEADER + row)).products["48"].variants

    assert variant.price == price


@pytest.mark.parametrize(
    ("kind", "variants"),
    [("simple", 1), ("external", 1), ('"simple, downloadable, virtual"', 1), ("grouped", 0), ("variable", 0), ("", 1)],
)
def test_the_type_says_whether_a_row_can_be_sold_itself(write_feed: WriteFeed, kind: str, variants: int) -> None:
    row = f'48,{kind},mug,Mug,1,,Line\\nbreak,,,1,,,,20,"Rock\\, Pop > Vinyl",,,,,Color,Red,,\n'

    mug = read_all(write_feed(HEADER + row)).products["48"]

    assert len(mug.variants) == variants
    assert mug.attributes == {"Color": "Red"}
    assert mug.description_html == "Line\nbreak"
    assert mug.category_path == ("Rock, Pop", "Vinyl")


def test_a_translated_header_is_understood(write_feed: WriteFeed) -> None:
    header = (
        "ID,Typ,Artikelnummer,Name,Veröffentlicht,Kurzbeschreibung,Beschreibung,Vorrätig?,Lagerbestand,Gewicht (g),"
        "Angebotspreis,Regulärer Preis,Kategorien,Bilder,Übergeordnetes Produkt,Attribut 1 Name,Attribut 1 Wert(e)\n"
    )
    rows = (
        'a1,variable,tee,Hemd,1,,Lang,1,,,,,Kleidung,,,Farbe,"Rot, Blau"\n'
        'a2,variation,tee-rot,,1,,,1,3,250,"9,90","12,50",,,tee,Farbe,Rot\n'
    )

    found = read_all(write_feed(header + rows))
    (red,) = found.products["a1"].variants

    assert found.reader.profile.layout == "woocommerce"
    assert (red.price, red.compare_at_price) == (Decimal("9.90"), Decimal("12.50"))
    assert (red.options, red.weight_g, red.stock) == ({"Farbe": "Rot"}, 250, 3)


def test_a_variation_that_is_switched_off_is_not_for_sale(write_feed: WriteFeed) -> None:
    off = read_all(write_feed(HEADER + PARENT + RED.replace("Tee - Red,1", "Tee - Red,0"))).products["44"].variants[0]

    assert (off.stock, off.availability) == (0, "out_of_stock")
