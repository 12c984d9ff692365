"""Only public addresses are called, however they are written, wherever they lead, at each hop. The judge is a hook at
the interpreter's own connect.
"""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from app.core.config import Settings
from app.integrations.contracts.errors import AddressRefused, Unavailable
from app.integrations.http import Client, Guard, Limits
from app.integrations.http.addresses import is_public
from app.integrations.http.egress import own_origins
from tests.integrations.http.conftest import MakeClient
from tests.integrations.http.stage import Stage, answer
from tests.integrations.http.watched import Connects
from tests.support.shared import SHARED, shared

PUBLIC = "93.184.215.14"
TARGETS = "abuse/ssrf/targets.tsv"


def targets() -> list[str]:
    if not (SHARED / TARGETS).exists():
        return []
    rows = [line.split("\t") for line in (SHARED / TARGETS).read_text(encoding="utf-8").splitlines()]
    return [row[1] for row in rows if not row[0].startswith(("#", "behaviour"))]


def resolving(*answers: Sequence[str]) -> Guard:
    """A guard to which every name has these addresses, at the first call, at the second …"""
    waiting = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return Guard(resolver=resolve)


def test_the_list_of_targets_is_read_in_full() -> None:
    shared(TARGETS)
    assert len(targets()) == 79


@pytest.mark.parametrize("url", targets())
async def test_no_row_of_the_abuse_list_gets_a_connect(url: str, make_client: MakeClient, connects: Connects) -> None:
    with pytest.raises(AddressRefused):
        await make_client().get(url)
    assert connects == []


@pytest.mark.parametrize("url", targets())
async def test_no_row_of_the_abuse_list_gets_a_connect_as_a_redirect(
    url: str, stage: Stage, client: Client, connects: Connects
) -> None:
    # Some are paths on the same host as a location; the stage has no such scene and closes the connection.
    stage.plays("/from", answer(302, location=url.encode("utf-8").decode("latin-1")))
    with pytest.raises((AddressRefused, Unavailable)):
        await client.get(f"{stage.origin}/from")
    assert set(connects) == {"127.0.0.1"}
    assert len(stage.asked) == len(connects)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_each_kind_of_redirect_is_checked_at_each_hop(
    status: int, stage: Stage, client: Client, connects: Connects
) -> None:
    stage.plays("/a", answer(status, location="/b"))
    stage.plays("/b", answer(status, location="http://169.254.169.254/latest/meta-data"))
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
        await client.get(f"{stage.origin}/a")
    assert [asked.target for asked in stage.asked] == ["/a", "/b"]
    assert set(connects) == {"127.0.0.1"}


async def test_the_control_a_public_address_is_called(make_client: MakeClient, connects: Connects) -> None:
    with pytest.raises(Unavailable):
        await make_client(tries=1).get(f"http://{PUBLIC}/")
    assert connects == [PUBLIC]


async def test_a_name_is_called_at_the_address_that_was_checked(make_client: MakeClient, connects: Connects) -> None:
    with pytest.raises(Unavailable):
        await make_client(resolving([PUBLIC]), tries=1).get("https://shop.example/feed")
    assert connects == [PUBLIC]


async def test_a_name_that_turns_inward_is_refused_at_the_next_call(
    make_client: MakeClient, connects: Connects
) -> None:
    client = make_client(resolving([PUBLIC], ["127.0.0.1"]), tries=1)
    with pytest.raises(Unavailable):
        await client.get("http://rebinding.example/")
    with pytest.raises(AddressRefused):
        await client.get("http://rebinding.example/")
    assert connects == [PUBLIC]


@pytest.mark.parametrize("inner", ["127.0.0.1", "::1", "10.0.0.7", "fd00::1", "64:ff9b::7f00:1", "::ffff:10.1.2.3"])
async def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    inner: str, make_client: MakeClient, connects: Connects
) -> None:
    with pytest.raises(AddressRefused):
        await make_client(resolving([PUBLIC, inner])).get("http://both.example/")
    assert connects == []


async def test_the_next_address_is_called_where_the_first_does_not_answer(
    make_client: MakeClient, connects: Connects
) -> None:
    with pytest.raises(Unavailable):
        await make_client(resolving([PUBLIC, "8.8.8.8"]), tries=1).get("http://two.example/")
    assert connects == [PUBLIC, "8.8.8.8"]


async def test_a_name_that_is_not_found_is_unavailable(make_client: MakeClient, connects: Connects) -> None:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(f"{host} is unknown")

    with pytest.raises(Unavailable, match=r"gone\.example is not found"):
        await make_client(Guard(resolver=resolve), tries=1).get("http://gone.example/")
    assert connects == []


async def test_proxies_of_the_environment_are_ignored(
    stage: Stage, client: Client, connects: Connects, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.2:3128")
    monkeypatch.setenv("NO_PROXY", "")
    stage.plays("/here", answer(200, b"{}"))
    assert (await client.get(f"{stage.origin}/here")).status == 200
    assert connects == ["127.0.0.1"]
    assert stage.asked[0].target == "/here"


async def test_a_connection_that_ends_elsewhere_is_refused(stage: Stage) -> None:
    class Elsewhere(Guard):
        async def _checked_addresses(self, host: str, port: int):
            return [ip_address("127.0.0.1")]

    guard = Elsewhere([stage.origin])
    original = guard._network.connect_tcp

    async def connect(host: str, port: int, *more: object):
        return await original("127.0.0.1", stage.port, *more)

    guard._network.connect_tcp = connect
    guard._checked_addresses = lambda _host, _port: _addresses("127.0.0.9")
    async with Client(guard, limits=Limits(tries=1)) as client:
        with pytest.raises(AddressRefused, match="ended elsewhere"):
            await client.get(f"{stage.origin}/x")
    assert stage.asked == []


async def _addresses(text: str):
    return [ip_address(text)]


async def test_the_sandbox_is_called_outside_production_by_its_exact_origin(
    stage: Stage, make_client: MakeClient, connects: Connects
) -> None:
    origins = own_origins(Settings(_env_file=None, sandbox_url=f"{stage.origin}/below"))
    stage.plays("/x", answer(200, b"yes"))
    client = make_client(Guard(origins), tries=1)
    assert (await client.get(f"{stage.origin}/x")).text == "yes"
    for near in (
        f"http://127.0.0.1:{stage.port + 1}/x",
        f"https://127.0.0.1:{stage.port}/x",
        f"http://localhost:{stage.port}/x",
        f"http://127.0.0.2:{stage.port}/x",
        f"http://[::ffff:127.0.0.1]:{stage.port}/x",
    ):
        with pytest.raises(AddressRefused):
            await client.get(near)
    assert connects == ["127.0.0.1"]


def test_production_has_no_address_of_its_own_that_it_may_call() -> None:
    settings = Settings(
        _env_file=None,
        environment="production",
        database_url="postgresql://h/d",
        redis_url="redis://h",
        secret_key="s" * 40,
        credentials_key="c" * 40,
    )
    assert own_origins(settings) == frozenset()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        ("2a00:1450:4001:80b::200e", True),
        ("64:ff9b::808:808", True),  # NAT64 of a public address: the only way out of some networks
        ("100.63.255.255", True),
        ("100.64.0.0", False),
        ("100.127.255.255", False),
        ("100.128.0.0", True),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("192.0.0.8", False),
        ("198.17.255.255", True),
        ("198.19.255.255", False),
        ("168.63.129.16", False),
        ("2001:0:7f00:1::", False),
        ("2001:1ff:ffff::1", False),
        ("2001:200::1", True),
        ("2002:808:808::1", False),
        ("2a00:1450::5efe:7f00:1", False),  # ISATAP of loopback
        ("2a00:1450::200:5efe:a00:1", False),
        ("2a00:1450::5efe:808:808", True),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_the_table_of_networks(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example:22/",
        "http://shop.example:25/",
        "https://shop.example:27017/",
        "http://shop.example:11211/",
        "https://user@shop.example/",
        "https://shop.example\u2028/",
        "https://xn--/",
        f"https://{'a' * 64}.example/",
        f"https://shop.example/{'a' * 5000}",
        "https://shop..example/",
        "https://printer.local/",
        "https://a.home.arpa/",
        "https://1.2.3/",
        "https://a.0x7f/",
    ],
)
async def test_odd_addresses_are_refused_before_anything_is_looked_up(
    url: str, make_client: MakeClient, connects: Connects
) -> None:
    looked_up: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        looked_up.append(host)
        return [PUBLIC]

    with pytest.raises(AddressRefused):
        await make_client(Guard(resolver=resolve)).get(url)
    assert (looked_up, connects) == ([], [])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example:8443/", "shop.example"),
        ("https://SHOP.Example/", "shop.example"),
        ("https://münchen.example/", "xn--mnchen-3ya.example"),
        ("https://shop.example./", "shop.example."),
        ("https://my_shop.example/", "my_shop.example"),
    ],
)
async def test_ordinary_addresses_are_looked_up_and_called(
    url: str, host: str, make_client: MakeClient, connects: Connects
) -> None:
    looked_up: list[str] = []

    async def resolve(name: str, _port: int) -> Sequence[str]:
        looked_up.append(name)
        return [PUBLIC]

    with pytest.raises(Unavailable):
        await make_client(Guard(resolver=resolve), tries=1).get(url)
    assert (looked_up, connects) == ([host], [PUBLIC])
