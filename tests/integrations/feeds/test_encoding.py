"""Which characters a file is made of, proven on every byte and not on a sample."""

import pytest

from app.integrations.feeds import encoding
from app.integrations.feeds.encoding import scan
from tests.integrations.feeds.reading import WriteFeed, read_all

GERMAN = "Hübner Multivital für Kinder, Größe weiß, 5 € pro Stück"
TEXTS = {
    "cp1252": [GERMAN, "Café crème à la française, œuf d'été", "España: niño, corazón", "Naïve façade “quoted” €"],
    "cp1250": ["Łódź żółty świąteczny książka, część źródło", "Příliš žluťoučký kůň úpěl ďábelské ódy"],
    "cp1251": ["Парфюмерия для мужчин, зимняя куртка", "Українська сорочка з вишивкою"],
}


@pytest.mark.parametrize(("expected", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_old_code_pages_are_told_apart_by_what_is_written(write_feed: WriteFeed, expected: str, text: str) -> None:
    content = "sku;title\n" + "".join(f"{number};{text} {number}\n" for number in range(30))

    found = read_all(write_feed(content, encoding=expected))

    assert found.reader.profile.encoding == expected
    assert found.products["7"].title == f"{text} 7"


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_form_of_unicode_gives_the_same_text(write_feed: WriteFeed, name: str) -> None:
    content = "sku;title\r\n" + "".join(f"{number};{GERMAN} ⚡ {number}\r\n" for number in range(30))

    assert read_all(write_feed(content, encoding=name)).products["29"].title == f"{GERMAN} ⚡ 29"


def test_the_first_letter_beyond_ascii_may_come_late(write_feed: WriteFeed) -> None:
    plain = "".join(f"{number},Chair\n" for number in range(150_000))
    assert len(plain) > encoding.CHUNK

    late_utf8 = scan(write_feed(f"sku,title\n{plain}x,Tür\n"))
    late_cp1252 = scan(write_feed(f"sku,title\n{plain}x,Tür\n", encoding="cp1252"))

    assert (late_utf8.encoding, late_cp1252.encoding) == ("utf-8", "cp1252")


def test_a_letter_that_lies_across_two_chunks_is_one_letter(write_feed: WriteFeed) -> None:
    head = b"sku,title\n1,"
    path = write_feed(head + b"a" * (encoding.CHUNK - len(head) - 1) + "ü\n".encode())

    assert scan(path).encoding == "utf-8"


def test_an_old_code_page_at_the_very_end_is_not_taken_for_a_cut(write_feed: WriteFeed) -> None:
    assert read_all(write_feed(b"sku,title\n1,Caf\xe9")).products["1"].title == "Café"


def test_the_scan_counts_what_later_steps_ask_for(write_feed: WriteFeed) -> None:
    found = scan(write_feed('sku,title\n1,"a"\n2,b'))

    assert (found.lines, found.quotes, found.ends_with_line_end) == (3, 2, False)
