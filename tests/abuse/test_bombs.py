"""Files that mean harm, each read in a process of its own: it ends with a clear refusal or is read, soon and small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.memory import PEAK_MEGABYTES
from tests.support.shared import shared

SECONDS, MEGABYTES = 10, 512
READ = f"""{PEAK_MEGABYTES}
import json, sys, time
from pathlib import Path
from app.integrations.feeds.errors import FeedRefused
from app.integrations.feeds.reader import open_feed
for name in sys.argv[1:]:
    began = time.process_time()
    try:
        found = {{"rows": sum(page.rows_read for page in open_feed(Path(name)).read())}}
    except FeedRefused as refused:
        found = {{"code": refused.code, "detail": refused.detail}}
    found |= {{"seconds": time.process_time() - began, "megabytes": peak_megabytes()}}
    print(json.dumps(found), flush=True)
"""
READABLE = {"csv_mixed_eol.csv": 3, "csv_utf16.csv": 1}


def read_apart(*paths: Path) -> list[dict[str, object]]:
    """What reading each file came to; memory is the most that was taken until then."""
    command = [sys.executable, "-c", READ, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    script = shared("abuse/make_bombs.py")
    folder = tmp_path_factory.mktemp("bombs")
    subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, check=True)
    return sorted(folder.iterdir())


def test_every_bomb_is_refused_by_name_within_its_time_and_memory(bombs: list[Path]) -> None:
    assert len(bombs) == 35
    for path, found in zip(bombs, read_apart(*bombs), strict=True):
        if path.name in READABLE:
            assert found.get("rows") == READABLE[path.name], path.name
        else:
            assert str(found.get("code", "")).startswith("feed_"), (path.name, found)
            assert str(found["detail"]).endswith("."), (path.name, found)
        assert float(str(found["seconds"])) < SECONDS, path.name
        assert int(str(found["megabytes"])) < MEGABYTES, path.name


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("columns_300", b",".join([b"sku", *(b"c%d" % n for n in range(299))]) + b"\n1" + b"," * 299 + b"\n", None),
        ("columns_1M", b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1\n", "feed_too_many_columns"),
        ("bom_in_the_middle", "sku,title\n1,a\ufeffb\n".encode(), None),
        ("carriage_returns", b"sku,title\r1,a\r2,b\r", None),
        (
            "mixed_encodings",
            "sku,title\n1,Größe\n2,Stühle\n3,Tür\n".encode() + "4,Größe\n".encode("cp1252"),
            "feed_encoding_wrong",
        ),
        ("lone_surrogate", b"sku,title\n1,gr\xc3\xbcn \xc3\xa4 \xc3\xb6\n2,\xed\xa0\x80\n", "feed_encoding_wrong"),
        ("nul_in_utf16", "sku,title\n1,a\0b\n".encode("utf-16"), "feed_nul_byte"),
        ("quotes_only", b'sku,title\n"' * 50_000, None),
        ("only_delimiters", b"," * 5_000_000 + b"\n", "feed_header_only"),
        ("json_many_objects", b"[" + b"{}," * 200_000 + b"{}]", "feed_header_only"),
        ("json_strings", b'{"a": [' + b'"x",' * 300_000 + b'"x"]}', "feed_no_usable_column"),
        ("ndjson_of_arrays", b'{"sku": "1"}\n' + b"[[[[[[]]]]]]\n" * 20_000, None),
    ],
)
def test_odd_files_end_clearly(tmp_path: Path, name: str, content: bytes, code: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    found = read_apart(path)[0]

    assert found.get("code") == code, found
    assert float(str(found["seconds"])) < SECONDS
    assert int(str(found["megabytes"])) < MEGABYTES
