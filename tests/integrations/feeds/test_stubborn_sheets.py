"""Sheets as people make them: notes above, headers of two rows, several currencies, totals, JSON in cells."""

from decimal import Decimal

import pytest

from app.integrations.feeds.reader import inspect
from tests.integrations.feeds.reading import WriteFeed, read_all


def test_notes_above_the_header_are_not_taken_for_it(write_feed: WriteFeed) -> None:
    path = write_feed(
        "Preisliste 2026;;;\n# Stand: Preis in EUR;;;\n;;;\nArt.-Nr.;Bezeichnung;Preis;Bestand\nA1;Stuhl;9,50;3\n"
    )

    found = read_all(path)

    assert found.reader.profile.header_line == 4
    assert found.products["A1"].variants[0].price == Decimal("9.50")


def test_groups_above_the_names_tell_columns_apart(write_feed: WriteFeed) -> None:
    path = write_feed(
        "Artikel;;Preis;;Lager\nNr;Name;netto;brutto;Bestand\nA1;Stuhl;8,00;9,52;3\nA2;Tisch;80,00;95,20;1\n"
    )

    found = read_all(path)

    assert found.reader.header == ("Artikel Nr", "Name", "Preis netto", "Preis brutto", "Bestand")
    assert found.products["A1"].title == "Stuhl"
    assert found.products["A1"].variants[0].price == Decimal("9.52")
    assert found.products["A1"].line == 3


def test_units_below_the_names_belong_to_them(write_feed: WriteFeed) -> None:
    path = write_feed("sku;title;weight;price;stock\n;;kg;EUR;pcs\nA1;Chair;1,5;9,50;3\n")

    found = read_all(path)

    assert found.reader.header[2:4] == ("weight kg", "price EUR")
    variant = found.products["A1"].variants[0]
    assert (variant.weight_g, variant.price, variant.currency, variant.stock) == (1500, Decimal("9.50"), "EUR", 3)
    assert list(found.products) == ["A1"]


def test_technical_names_below_those_for_people_are_no_product(write_feed: WriteFeed) -> None:
    path = write_feed("Artikelnummer;Bezeichnung;Preis\nsku;title;price\nA1;Stuhl;9,50\n")

    assert list(read_all(path).products) == ["A1"]


def test_a_first_row_of_words_is_still_a_product(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,price\nCHAIR,Chair,\nTABLE,Table,5\n")

    assert list(read_all(path).products) == ["CHAIR", "TABLE"]


@pytest.mark.parametrize(
    "names", ["Preis EUR,Preis CHF", "price_eur,price_chf", "EUR price,CHF price", "Price (€),Price (CHF)"]
)
@pytest.mark.parametrize(("own", "price"), [("EUR", "10.00"), ("CHF", "11.00")])
def test_of_columns_in_several_currencies_the_sellers_own_is_read(
    write_feed: WriteFeed, names: str, own: str, price: str
) -> None:
    path = write_feed(f"sku,title,{names}\nA1,Chair,10.00,11.00\n")

    found = read_all(path, default_currency=own)

    variant = found.products["A1"].variants[0]
    assert (variant.price, variant.currency) == (Decimal(price), own)
    assert found.products["A1"].attributes == {}
    assert "several_currencies" in [warning.code for warning in found.reader.profile.warnings]


def test_a_mapping_chooses_another_currency(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,Preis EUR,Preis CHF,EK EUR\nA1,Chair,10.00,11.00,5\n")

    variant = read_all(path, default_currency="EUR", mapping={"Preis CHF": "price"}).products["A1"].variants[0]

    assert (variant.price, variant.currency, variant.cost) == (Decimal(11), "CHF", None)


def test_without_a_column_of_the_sellers_currency_the_price_keeps_its_own(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,price USD\nA1,Chair,10.00\nA2,Table,$5\nA3,Lamp,7 EUR\n")

    found = read_all(path, default_currency="EUR")

    assert {variant.currency for product in found.products.values() for variant in product.variants} == {"USD"}
    assert found.codes == [(4, "currency_conflict")]


def test_currencies_of_rows_stay_with_their_rows(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,price,currency\nA1,Chair,10.00,USD\nA2,Table,5,EUR\nA3,Lamp,7,\nA4,Bed,7,ABC\n")

    found = read_all(path, default_currency="GBP")

    assert [product.variants[0].currency for product in found.products.values()] == ["USD", "EUR", "GBP"]
    assert found.codes == [(5, "currency_unknown")]


def test_a_sign_of_several_currencies_is_the_sellers_if_it_can_be_and_refused_if_not(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,price\nA1,Chair,$10.00\n")

    assert read_all(path, default_currency="CAD").products["A1"].variants[0].currency == "CAD"
    refused = read_all(path, default_currency="EUR")
    assert refused.codes == [(2, "currency_unclear")]
    assert "EUR is none of them" in refused.rejected[0].message


def test_a_lowest_price_is_refused_by_name_and_not_taken_for_the_price(write_feed: WriteFeed) -> None:
    found = read_all(write_feed('sku,title,price\nA1,Chair,"ab 12,90"\nA2,Table,10-15\n'))

    assert found.codes == [(2, "price_from"), (3, "price_range")]
    assert "Column 'price' holds 'ab 12,90'" in found.rejected[0].message
    assert found.products == {}


def test_totals_and_repeated_headers_are_left_out_with_a_word(write_feed: WriteFeed) -> None:
    path = write_feed(
        "sku;title;price;stock\nA1;Chair;5;1\n;;;\nsku;title;price;stock\nA2;Total 0% yoghurt;5;1\n"
        "Summe;;10;2\n;Gesamt:;;2\n"
    )

    found = read_all(path)

    assert list(found.products) == ["A1", "A2"]
    assert [(warning.line, warning.code) for warning in found.warnings] == [
        (4, "header_repeated"),
        (6, "total_row"),
        (7, "total_row"),
    ]
    assert found.rejected == []


def test_of_columns_with_one_name_the_first_counts_and_none_is_lost(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,title,note,note\nA1,Chair,Stuhl,x,y\n")).products["A1"]

    assert found.title == "Chair"
    assert found.attributes == {"title (2)": "Stuhl", "note": "x", "note (2)": "y"}


def test_json_in_cells_is_read(write_feed: WriteFeed) -> None:
    images = '[""https://a.example/1.jpg"", {""src"": ""https://a.example/2.jpg""}]'
    path = write_feed(
        "sku,title,tags,image,attributes,note\n"
        f'A1,"{{""de"": ""Stuhl"", ""en"": ""Chair""}}","[""a"",""b""]","{images}",'
        '"{""Color"": ""red"", ""Sizes"": [""S"", ""M""]}","[not json]"\n'
    )

    product = read_all(path).products["A1"]

    assert product.title == "Stuhl"
    assert product.tags == ("a", "b")
    assert [image.url for image in product.images] == ["https://a.example/1.jpg", "https://a.example/2.jpg"]
    assert product.attributes == {"Color": "red", "Sizes": "S, M", "note": "[not json]"}


@pytest.mark.parametrize(
    "text", ["{}", "[]", "[1", "{x}", '{"a": 1}', "[" * 100_000 + "]" * 100_000, "{" * 3000 + "}" * 3000]
)
def test_what_only_looks_like_json_stays_text(write_feed: WriteFeed, text: str) -> None:
    path = write_feed('sku,title\nA1,"' + text.replace('"', '""') + '"\nA2,Table\n')

    found = read_all(path)

    assert "A2" in found.products
    assert found.codes == [(2, "text_too_long")] if len(text) > 500 else found.products["A1"].title == text


def test_quotes_escaped_by_backslashes_are_quotes_of_the_text(write_feed: WriteFeed) -> None:
    path = write_feed('sku,title\nA1,"Monitor 12\\", flat"\nA2,"Table"\n')

    found = read_all(path)

    assert {key: product.title for key, product in found.products.items()} == {"A1": 'Monitor 12", flat', "A2": "Table"}


def test_a_backslash_that_escapes_nothing_is_a_backslash(write_feed: WriteFeed) -> None:
    assert read_all(write_feed('sku,title\nA1,"C:\\dir"\nA2,a\\"b\n')).products["A1"].title == "C:\\dir"


def test_digits_that_a_spreadsheet_lost_are_kept_as_they_are_and_named(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,ean\nA1,Chair,4.26E+12\n"))

    assert found.products["A1"].variants[0].gtin is None
    assert found.products["A1"].variants[0].gtin_raw == "4.26E+12"
    assert [warning.code for warning in found.warnings] == ["gtin_digits_lost"]


def test_a_look_says_the_currency_of_a_column(write_feed: WriteFeed) -> None:
    profile = inspect(write_feed("sku,title,Preis CHF,top price\nA1,Chair,1,2\n"), default_currency="CHF")

    assert [(column.field, column.currency) for column in profile.columns[2:]] == [("price", "CHF"), (None, None)]
    assert profile.currencies == ("CHF",)


@pytest.mark.parametrize(
    ("terms", "currency", "is_said"),
    [
        ({"own_currency": "EUR"}, "CZK", "which the others name"),
        ({"own_currency": "EUR", "default_currency": "HUF"}, "HUF", "as the mapping says"),
    ],
)
def test_a_price_without_a_currency_is_in_that_of_the_others(
    write_feed: WriteFeed, terms: dict[str, str], currency: str, is_said: str
) -> None:
    found = read_all(write_feed('sku,title,price\nA,Chair,"1 234,50 Kč"\nB,Table,900\n'), **terms)

    assert [p.variants[0].currency for p in found.products.values()] == ["CZK", currency]
    assert [(w.code, is_said in w.message) for w in found.reader.profile.warnings] == [("currency_assumed", True)]


def test_among_prices_in_several_currencies_one_without_is_in_the_sellers_own(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,price\nA,Chair,5 USD\nB,Table,7 CHF\nC,Lamp,9\n"), own_currency="EUR")

    assert [p.variants[0].currency for p in found.products.values()] == ["USD", "CHF", "EUR"]
    assert ["your currency" in w.message for w in found.reader.profile.warnings] == [True]


def test_prices_that_all_name_their_currency_are_not_talked_about(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,price,currency\nA,Chair,5,USD\nB,Table,,\n"), own_currency="EUR")

    assert found.reader.profile.warnings == ()


def test_a_list_whose_names_stand_under_description_says_how_to_read_it(write_feed: WriteFeed) -> None:
    path = write_feed(
        "Listino 2026;;;;\n;;;Prezzi;;\nCodice articolo;Descrizione;Marca;Ivato;Netto;Foto 1;Foto 2\n"
        "A1;Sedia;Rossi;12,50;9,00;https://x.example/1.jpg;https://x.example/2.jpg\n"
    )
    looked = inspect(path)
    warning = next(warning for warning in looked.warnings if warning.code == "no_title_column")

    assert '{"Descrizione": "title"}' in warning.message
    product = read_all(path, mapping={"Descrizione": "title"}).products["A1"]
    assert (product.title, len(product.images)) == ("Sedia", 2)
    assert "Netto" not in product.attributes
