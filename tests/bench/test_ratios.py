"""Interleaving, ratios, what wrk says, and the document."""

from pathlib import Path

import pytest

from bench import document, rounds
from bench.document import Gate, Section
from bench.http.load import LoadFailed, parse_wrk

WRK = """
Running 4s test @ http://127.0.0.1:1
  1 threads and 16 connections
  Latency Distribution
     50%    9.53ms
     75%   14.13ms
     99%    1.20s
  3064 requests in 4.00s, 87.19MB read
{errors}Requests/sec:    765.80
Transfer/sec:     21.79MB
"""


def test_every_target_is_measured_once_a_round_in_changing_order() -> None:
    asked: list[str] = []
    targets = {name: (lambda name=name: asked.append(name)) for name in "abcde"}

    found = rounds.interleave(targets, rounds=6)

    in_rounds = [asked[start : start + 5] for start in range(0, 30, 5)]
    assert all(sorted(names) == list("abcde") for names in in_rounds)
    assert len({tuple(names) for names in in_rounds}) > 1
    assert {name: len(results) for name, results in found.items()} == dict.fromkeys("abcde", 6)


def test_a_ratio_is_taken_round_by_round_so_that_a_slow_minute_falls_on_both() -> None:
    assert rounds.ratio([50, 5, 50], [100, 10, 100]) == 0.5


def test_what_wrk_prints_is_read_in_milliseconds() -> None:
    load = parse_wrk(WRK.format(errors=""))

    assert (load.rate, load.median_ms, load.p99_ms) == pytest.approx((765.8, 9.53, 1200.0))


@pytest.mark.parametrize("errors", ["  Non-2xx or 3xx responses: 12\n", "  Socket errors: connect 0, read 3\n"])
def test_a_measurement_with_refused_requests_is_void(errors: str) -> None:
    with pytest.raises(LoadFailed):
        parse_wrk(WRK.format(errors=errors))


def test_a_gate_holds_from_its_limit_on_and_a_size_up_to_it() -> None:
    assert Gate("a ratio", 0.4, 0.4).holds
    assert not Gate("a ratio", 0.39, 0.4).holds
    assert Gate("a size", 299, 300, at_most=True).holds
    assert not Gate("a size", 301, 300, at_most=True).holds


def test_a_run_replaces_only_the_sections_that_it_measured(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    document.write([Section("One", [], "old one"), Section("Two", [], "old two")], "first run", path)

    document.write([Section("Two", [Gate("fast", 2, 1)], "new two")], "second run", path)

    text = path.read_text()
    assert "old one" in text
    assert "old two" not in text
    assert "| fast | ≥ 1 | 2.00 | yes |" in text
    assert text.count("## ") == 2
    document.write([], "third run", path)
    assert path.read_text() == text
