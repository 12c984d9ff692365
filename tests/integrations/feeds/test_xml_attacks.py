"""XML that is hostile, broken or cut off is refused with a stable code, in little memory, and reads nothing else."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect
from tests.integrations.feeds.reading import WriteFeed, read_all
from tests.support.memory import PEAK_MEGABYTES
from tests.support.shared import SHARED, shared

ABUSE = sorted(path.name for path in (SHARED / "abuse" / "xml").glob("*.xml")) or ["absent"]
ITEM = "<item><id>1</id><title>A</title><price>5 EUR</price><condition>new</condition></item>"
MEGABYTES = 100


def _rss(inside: str) -> str:
    return f"<rss><channel>{inside}</channel></rss>"


@pytest.mark.parametrize("name", ABUSE)
def test_the_files_of_the_abuse_list_are_refused(name: str) -> None:
    with pytest.raises(errors.FeedRefused) as caught:
        inspect(shared(f"abuse/xml/{name}"))

    expected = errors.FeedFormatUnsupported if name == "dtd.xml" else errors.FeedXmlEntities
    assert type(caught.value) is expected


def _entity(definition: str, use: str = "&a;") -> str:
    return f"<!DOCTYPE rss [{definition}]>" + _rss(ITEM.replace(">A<", f">{use}<"))


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (_entity('<!ENTITY a "x">'), errors.FeedXmlEntities),
        (_entity('<!ENTITY a SYSTEM "file:///etc/hostname">'), errors.FeedXmlEntities),
        (_entity('<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;', "A"), errors.FeedXmlEntities),
        (_entity('<!-- ]> --><!ENTITY a "x">'), errors.FeedXmlEntities),
        ("<!DOCTYPE rss SYSTEM 'a>b['" + _entity('<!ENTITY a "x">')[13:], errors.FeedXmlEntities),
        (_entity('<!ENTITY a SYSTEM "file:///etc/hostname">').encode("utf-16"), errors.FeedXmlEntities),
        ('<!DOCTYPE rss SYSTEM "rss.dtd">' + _rss(ITEM.replace(">A<", ">&who;<")), errors.FeedXmlEntities),
        (_rss(ITEM.replace(">A<", ">A&nbsp;B<")), errors.FeedXmlEntities),
        (_rss(ITEM.replace(">A<", ">A & B<")), errors.FeedXmlBroken),
        (_rss(ITEM.replace("<id>1</id>", "<g:id>1</g:id>")), errors.FeedXmlBroken),
        (_rss(ITEM).replace("</channel>", ""), errors.FeedXmlBroken),
        (_rss(ITEM) + "<rss/>", errors.FeedXmlBroken),
        ("<!--" + "x" * (1 << 20) + "-->" + _entity('<!ENTITY a "x">'), errors.FeedXmlBroken),
        (_rss(ITEM)[:-20], errors.FeedCutOff),
        (_rss(ITEM)[:60], errors.FeedCutOff),
        ("<?xml version='1.0' encoding='klingon'?>" + _rss(ITEM), errors.FeedEncodingWrong),
        (_rss(ITEM.replace("A", "\x00")), errors.FeedHasNul),
        ("<SHOP></SHOP>", errors.FeedWithoutItems),
        (_rss(""), errors.FeedWithoutItems),
        ("<a>" * 200_000 + "</a>" * 200_000, errors.FeedXmlTooDeep),
        ("<r><a " + " ".join(f'x{n}="1"' for n in range(100_000)) + "/></r>", errors.FeedTooManyColumns),
        (_rss("".join(f"<item><id>{n}</id><n{n}>x</n{n}></item>" for n in range(21_000))), errors.FeedTooManyColumns),
        (_rss(ITEM + "<item>" + "<a>x</a>" * 1_200_000 + "</item>"), errors.FeedItemTooLarge),
        (_rss(ITEM + "<item><title>" + "x" * (11 << 20) + "</title></item>"), errors.FeedItemTooLarge),
        (_rss(ITEM + "<note>" + "x" * (11 << 20) + "</note>"), errors.FeedFieldTooLarge),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "feed",
)
def test_it_is_refused_with_its_reason(
    write_feed: WriteFeed, content: str | bytes, refusal: type[errors.FeedRefused]
) -> None:
    with pytest.raises(errors.FeedRefused) as caught:
        read_all(write_feed(content))

    assert type(caught.value) is refusal, caught.value.detail
    assert caught.value.detail.endswith((".", '.0".', '0".'))


def test_includes_are_never_followed(write_feed: WriteFeed, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{tmp_path}/secret"/>'

    found = read_all(write_feed(_rss(ITEM + ITEM.replace(">1<", ">2<").replace(">A<", f">{include}<"))))

    assert found.products["2"].title is None
    assert "secret" not in str(found.products)


def test_a_dtd_beside_the_file_is_never_opened(write_feed: WriteFeed, tmp_path: Path) -> None:
    (tmp_path / "shop.dtd").write_text('<!ENTITY who "somebody">')
    feed = f'<!DOCTYPE rss SYSTEM "{tmp_path}/shop.dtd">' + _rss(ITEM.replace(">A<", ">{}<"))

    assert read_all(write_feed(feed.format("A&nbsp;B"))).products["1"].title == "A B"
    with pytest.raises(errors.FeedXmlEntities, match="&who;, which is defined nowhere"):
        read_all(write_feed(feed.format("&who;")))


@pytest.mark.parametrize(
    "make",
    [
        "b'<rss><channel>' + item + b'<junk><x>aaa</x></junk>' * 700_000 + b'</channel></rss>'",
        "b'<rss><channel>' + item + b'<junk>' + b'<x>aaa</x>' * 1_500_000 + b'</junk></channel></rss>'",
        "b'<a>' + b'x' * (64 << 20) + b'</a>'",
        "b'<rss><channel>' + item * 100_000 + b'</channel></rss>'",
    ],
    ids=["many others", "one large other", "one text", "many items"],
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, make: str) -> None:
    """In a process of its own, which writes the file in another."""
    path = tmp_path / "feed.xml"
    write = f"item = {ITEM.encode()!r}\nopen({str(path)!r}, 'wb').write({make})"
    subprocess.run([sys.executable, "-c", write], check=True)
    measure = PEAK_MEGABYTES + textwrap.dedent(f"""
        from pathlib import Path
        from app.integrations.feeds.errors import FeedRefused
        from app.integrations.feeds.reader import open_feed
        before = peak_megabytes()
        try:
            for page in open_feed(Path({str(path)!r})).read():
                pass
        except FeedRefused:
            pass
        print(peak_megabytes() - before)
    """)

    grown = subprocess.run([sys.executable, "-c", measure], check=True, capture_output=True, text=True).stdout

    assert int(grown) < MEGABYTES
