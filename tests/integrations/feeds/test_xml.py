"""XML feeds of every kind that is known, and of kinds never seen: what becomes of their elements."""

# ruff: noqa: RUF001 - feeds in Russian are written in Cyrillic

from decimal import Decimal

import pytest

from app.integrations.contracts.catalogue import SourceProduct
from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect, open_feed
from app.integrations.feeds.rejected_rows import RejectedRowsWriter
from tests.integrations.feeds.reading import Reading, WriteFeed, read_all

G = 'xmlns:g="http://base.google.com/ns/1.0"'
ITEM = "<g:id>{}</g:id>\n<title>Chair {}</title>\n<g:price>{}</g:price>\n<g:availability>in stock</g:availability>"


def _rss(*items: str) -> str:
    body = "".join(f"<item>\n{item}\n<g:condition>new</g:condition></item>\n" for item in items)
    return f'<?xml version="1.0"?>\n<rss version="2.0" {G}><channel><title>Shop</title>\n{body}</channel></rss>'


def _only(found: Reading) -> SourceProduct:
    assert len(found.products) == 1, found.rejected
    return next(iter(found.products.values()))


def test_google_rss_with_a_nested_price_of_shipping_and_repeated_pictures(write_feed: WriteFeed) -> None:
    shipping = "".join(f"<g:shipping><g:country>{c}</g:country><g:price>5 EUR</g:price></g:shipping>" for c in "AB")
    images = "<g:image_link>https://x.example/1.jpg</g:image_link>" + "".join(
        f"<g:additional_image_link>https://x.example/{n}.jpg</g:additional_image_link>" for n in (2, 3)
    )

    product = _only(read_all(write_feed(_rss(ITEM.format(1, 1, "9.90 EUR") + shipping + images))))

    assert [image.url[-5:] for image in product.images] == ["1.jpg", "2.jpg", "3.jpg"]
    assert product.variants[0].price == Decimal("9.90")
    assert product.attributes == {"g:condition": "new"}


def test_items_of_one_group_are_the_variants_of_one_product(write_feed: WriteFeed) -> None:
    rows = [
        ITEM.format(f"v{number}", 1, "9 EUR") + f"<g:item_group_id>G</g:item_group_id><g:color>{color}</g:color>"
        for number, color in enumerate(("red", "blue"))
    ]

    product = _only(read_all(write_feed(_rss(*rows))))

    assert product.external_id == "G"
    assert [dict(variant.options) for variant in product.variants] == [{"Color": "red"}, {"Color": "blue"}]


ATOM = (
    f'<feed xmlns="http://www.w3.org/2005/Atom" {G}><id>tag:shop</id><entry><id>tag:1</id><title>Chair A</title>'
    '<link rel="alternate" href="https://x.example/a"/><g:id>A</g:id><g:price>9 EUR</g:price>'
    "<g:availability>in stock</g:availability><g:condition>new</g:condition></entry></feed>"
)


@pytest.mark.parametrize(
    "feed",
    [
        _rss(ITEM.format("A", "A", "9 EUR")),
        _rss(ITEM.format("A", "A", "9 EUR")).replace("g:", "goods:").replace("xmlns:g=", "xmlns:goods="),
        _rss(ITEM.format("A", "A", "9 EUR")).replace("<g:", "<").replace("</g:", "</"),
        ATOM,
    ],
    ids=["rss", "other prefix", "no prefix", "atom"],
)
def test_google_names_are_known_behind_any_prefix(write_feed: WriteFeed, feed: str) -> None:
    found = read_all(write_feed(feed))

    assert found.reader.profile.layout == "google"
    product = _only(found)
    assert (product.external_id, product.title) == ("A", "Chair A")
    assert (product.variants[0].price, product.variants[0].currency) == (Decimal(9), "EUR")


@pytest.mark.parametrize("prefix", ["g:", ""])
def test_the_page_of_an_atom_entry_is_what_its_link_refers_to(write_feed: WriteFeed, prefix: str) -> None:
    links = '<link rel="self" href="https://x.example/feed/a"/><link href="https://x.example/a"/>'
    feed = ATOM.replace('<link rel="alternate" href="https://x.example/a"/>', links)
    if not prefix:
        feed = feed.replace("<id>tag:1</id>", "").replace("<g:", "<").replace("</g:", "</")
    found = read_all(write_feed(feed))

    product = _only(found)
    assert (product.external_id, product.url) == ("A", "https://x.example/a")
    assert "link" not in " ".join(product.attributes)


HEUREKA = """<?xml version="1.0" encoding="utf-8"?>
<SHOP xmlns="http://www.heureka.example/ns">
<SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCT>Tričko</PRODUCT><PRICE_VAT>1 299,50</PRICE_VAT><PRICE>1000</PRICE>
<CATEGORYTEXT>Oblečení | Trička</CATEGORYTEXT><ITEMGROUP_ID>G1</ITEMGROUP_ID><DELIVERY_DATE>0</DELIVERY_DATE>
<PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>modrá</VAL></PARAM><PARAM><PARAM_NAME>Střih</PARAM_NAME><VAL>A</VAL></PARAM>
<IMGURL>https://x.example/1.jpg</IMGURL><IMGURL_ALTERNATIVE>https://x.example/2.jpg</IMGURL_ALTERNATIVE></SHOPITEM>
<SHOPITEM><ITEM_ID>2</ITEM_ID><PRODUCTNAME>Tričko bílé</PRODUCTNAME><PRICE>900</PRICE>
<ITEMGROUP_ID>G1</ITEMGROUP_ID><DELIVERY_DATE>5</DELIVERY_DATE>
<PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>bílá</VAL></PARAM><PARAM><PARAM_NAME>Střih</PARAM_NAME><VAL>A</VAL></PARAM>
</SHOPITEM></SHOP>"""


def test_heureka_groups_by_the_params_that_differ_and_keeps_the_others(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(HEUREKA))
    product = _only(found)

    assert (found.reader.profile.layout, product.external_id, product.title) == ("heureka", "G1", "Tričko")
    assert [dict(variant.options) for variant in product.variants] == [{"Barva": "modrá"}, {"Barva": "bílá"}]
    assert product.attributes["Střih"] == "A"
    assert product.category_path == ("Oblečení", "Trička")
    assert [variant.price for variant in product.variants] == [Decimal("1299.50"), Decimal(900)]
    assert [variant.availability for variant in product.variants] == ["in_stock", "backorder"]
    assert [(warning.line, warning.code) for warning in found.warnings] == [(7, "net_price_taken")]


YML = """<?xml version="1.0" encoding="windows-1251"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog><shop><currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Одежда</category><category id="2" parentId="1">Платья</category></categories>
<offers><offer id="7" available="true" group_id="G"><typePrefix>Платье</typePrefix><vendor>Зара</vendor>
<model>X1</model><price>100</price><oldprice>150</oldprice><currencyId>RUR</currencyId><categoryId>2</categoryId>
<picture>https://x.example/1.jpg</picture><picture>https://x.example/2.jpg</picture>
<param name="Цвет">красный&nbsp;тон</param><param name="Вес" unit="кг">2</param></offer>
</offers></shop></yml_catalog>"""


def test_yml_composes_the_title_and_writes_out_category_and_currency(write_feed: WriteFeed) -> None:
    product = _only(read_all(write_feed(YML, encoding="cp1251")))
    variant = product.variants[0]

    assert (product.external_id, product.title) == ("G", "Платье Зара X1")
    assert product.category_path == ("Одежда", "Платья")
    assert (variant.external_id, variant.price, variant.compare_at_price) == ("7", Decimal(100), Decimal(150))
    assert variant.currency == "RUB"
    assert product.attributes == {"Цвет": "красный\u00a0тон", "Вес": "2 кг"}
    assert len(product.images) == 2


GENERIC = (
    "<?xml version='1.0'?><catalog><head><name>Shop</name><url>https://x.example</url></head>"
    "<products>\n<product sku='A1'><name>Chair</name><price currency='EUR'>5</price></product>\n"
    "<product sku='A2'><name>Table</name><price currency='EUR'>x</price></product>\n</products></catalog>"
)


def test_in_any_other_xml_the_element_that_repeats_with_known_names_is_the_product(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(GENERIC))

    assert list(found.products) == ["A1"]
    assert found.codes == [(3, "price_invalid")]


def test_a_mapping_names_what_no_layout_knows(write_feed: WriteFeed) -> None:
    feed = "<liste>" + "".join(f"<ding>\n<kode>{n}</kode><navn>Stol {n}</navn></ding>" for n in "AB") + "</liste>"

    found = read_all(write_feed(feed), mapping={"kode": "sku", "navn": "title"})

    assert [product.title for product in found.products.values()] == ["Stol A", "Stol B"]


def test_a_single_product_is_found_too(write_feed: WriteFeed) -> None:
    feed = "<products><product><id>1</id><title>Chair</title><price>5</price></product></products>"

    assert list(read_all(write_feed(feed)).products) == ["1"]


def test_text_in_cdata_and_escaped_twice_and_html_as_elements_are_all_descriptions(write_feed: WriteFeed) -> None:
    described = [
        "<description><![CDATA[<p>Made of <b>oak</b></p>]]></description>",
        "<description>&amp;lt;p&amp;gt;Made of &amp;lt;b&amp;gt;oak&amp;lt;/b&amp;gt;&amp;lt;/p&amp;gt;</description>",
        "<description><p>Made of <b>oak</b></p></description>",
    ]
    rows = [ITEM.format(number, number, "5 EUR") + text for number, text in enumerate(described)]

    products = read_all(write_feed(_rss(*rows))).products.values()

    assert {product.description_html for product in products} == {"<p>Made of <b>oak</b></p>"}


def test_a_large_text_below_the_limits_is_read(write_feed: WriteFeed) -> None:
    text = "<description><![CDATA[" + "oak " * 24_000 + "]]></description>"

    product = _only(read_all(write_feed(_rss(ITEM.format(1, 1, "5 EUR") + text))))

    assert len(product.description_html or "") > 90_000


def test_every_cursor_goes_on_with_exactly_what_followed(write_feed: WriteFeed) -> None:
    rows = [ITEM.format(number // 3 if number % 7 else "", number, "5 EUR") for number in range(60)]
    reader = open_feed(write_feed(_rss(*rows)))
    pages = list(reader.read(rows=7))

    assert len(pages) > 5
    for place, page in enumerate(pages[:-1], start=1):
        assert list(reader.read(page.cursor, rows=7)) == pages[place:]


def test_products_that_share_a_line_are_counted_and_the_file_says_so(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(_rss(*(ITEM.format(n, n, "5 EUR") for n in range(3))).replace("\n", "")))

    assert [product.line for product in found.products.values()] == [1, 2, 3]
    assert [warning.code for warning in found.reader.profile.warnings] == ["rows_counted"]


def test_lines_are_right_beyond_what_the_parser_counts_by_itself(write_feed: WriteFeed) -> None:
    feed = _rss(*(ITEM.format(n, n, "5 EUR") for n in range(14_000)))
    first = {
        line.removeprefix("<g:id>").removesuffix("</g:id>"): number
        for number, line in enumerate(feed.split("\n"), start=1)
        if line.startswith("<g:id>")
    }

    products = read_all(write_feed(feed)).products

    assert max(first.values()) > 65_535
    assert all(product.line == first[name] - 1 for name, product in products.items())


@pytest.mark.parametrize(
    "feed",
    [HEUREKA.replace("1 299,50", "abc"), YML.replace(">100<", ">abc<"), _rss(ITEM.format(1, 1, "abc"))],
    ids=["heureka", "yml", "google"],
)
def test_rejected_rows_come_back_as_csv_in_the_same_layout(write_feed: WriteFeed, feed: str) -> None:
    found = read_all(write_feed(feed, encoding="cp1251" if "1251" in feed else "utf-8"))
    writer = RejectedRowsWriter(found.reader.header)
    content = (writer.header() + writer.rows(found.rejected)).replace(b'"abc"', b'"77"')

    again = read_all(write_feed(content, name="again.csv"))

    assert [row.code for row in found.rejected] == ["price_invalid"]
    assert again.reader.profile.layout == found.reader.profile.layout
    assert [variant.price for variant in _only(again).variants] == [Decimal(77)]
    if "yml" in feed:
        assert _only(again).category_path == ("Одежда", "Платья")


@pytest.mark.parametrize(
    ("content", "encoding", "warnings"),
    [
        (GENERIC.replace("Chair", "Стул кухонный деревянный"), "cp1251", ["encoding_differs"]),
        (
            GENERIC.replace("Chair", "Стул").replace("1.0'", "1.0' encoding='windows-1250'"),
            "utf-8",
            ["encoding_differs"],
        ),
        (GENERIC.replace("Chair", "Стул").replace("1.0'", "1.0' encoding='utf-16'"), "utf-16", []),
        (GENERIC.replace("Chair", "Žluťoučký").replace("1.0'", "1.0' encoding='iso-8859-2'"), "iso8859-2", []),
    ],
    ids=["unsaid", "said wrongly", "utf-16", "latin-2"],
)
def test_the_encoding_is_what_the_bytes_are(
    write_feed: WriteFeed, content: str, encoding: str, warnings: list[str]
) -> None:
    found = read_all(write_feed(content, encoding=encoding))

    assert next(iter(found.products.values())).title in content
    assert [warning.code for warning in found.reader.profile.warnings] == warnings


def test_what_cannot_be_imported_can_still_be_inspected(write_feed: WriteFeed) -> None:
    profile = inspect(write_feed("<a><b><kode>1</kode></b><b><kode>2</kode></b></a>"), wanted="xml")

    assert (profile.form, profile.delimiter, [column.name for column in profile.columns]) == ("xml", None, ["kode"])


@pytest.mark.parametrize(
    "page",
    [
        '<?xml version="1.0"?><html><body>Log in</body></html>',
        "<!doctype html>\n<html><head><meta charset=utf-8><title>Log in</title><br><body>Log in",
        "<!-- shop --> <!-- 7 -->\n<HTML><BODY>503<HR></BODY></HTML>",
    ],
)
def test_a_page_of_the_shop_is_no_feed(write_feed: WriteFeed, page: str) -> None:
    with pytest.raises(errors.FeedFormatUnsupported, match="web page"):
        inspect(write_feed(page))
