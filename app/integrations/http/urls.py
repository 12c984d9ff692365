"""Which addresses may be called at all, judged by how they are written. Pure; where a name leads is judged at connect.

Refuses what parsers disagree about (odd numbers, control characters, user names), so that what was checked is what is
called.
"""

import re
from collections.abc import Set as AbstractSet
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import httpx

from app.core.redaction import redact_text
from app.integrations.contracts.errors import AddressRefused
from app.integrations.http.addresses import Address, is_public

MAX_URL = 4096
SCHEMES = frozenset({"http", "https"})
DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
# Services that nobody publishes goods on; below 1024 only the web's own ports are called.
_OTHER_SERVICES = frozenset(
    {1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5984, 6000, 6379, 6443, 6667}
    | {8086, 9042, 9092, 9200, 9300, 10250, 11211, 15672, 26379, 27017}
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_START = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that never lead out of a machine, a house or a cloud's own network.
_INNER_NAMES = ("localhost", "localdomain", "local", "internal", "lan", "home.arpa", "onion")


def checked_url(text: str, own: AbstractSet[str] = frozenset()) -> httpx.URL:
    """The address as it is called. `own` names origins (`scheme://host:port`) that are allowed whatever they are."""
    if len(text) > MAX_URL:
        raise AddressRefused(f"The address is longer than {MAX_URL} characters.")
    if _UNSAFE.search(text):
        raise AddressRefused("The address holds a space, a backslash or a control character: write it without.")
    if not _START.match(text):
        raise AddressRefused(f"{_quoted(text)} is not an address to call: begin with http:// or https:// and a host.")
    try:
        url = httpx.URL(text)
        port = port_of(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise AddressRefused(f"{_quoted(text)} cannot be read as an address: check how it is written.") from None
    if url.userinfo:
        raise AddressRefused(
            "The address holds a user name or password: leave them out of the address and give them as credentials."
        )
    if origin_of(url) not in own:
        check_host(url.raw_host.decode("ascii"))
        check_port(url.scheme, port)
    return url.copy_with(fragment=None)


def origin_of(url: httpx.URL) -> str:
    """`scheme://host:port`, the port always named."""
    host = url.raw_host.decode("ascii").lower()
    return f"{url.scheme}://[{host}]:{port_of(url)}" if ":" in host else f"{url.scheme}://{host}:{port_of(url)}"


def port_of(url: httpx.URL) -> int:
    """The port that is called."""
    return url.port if url.port is not None else DEFAULT_PORTS[url.scheme]


def check_port(scheme: str, port: int) -> None:
    """Refuse ports on which no web server is expected."""
    is_web = port in DEFAULT_PORTS.values() or (_FIRST_FREE_PORT <= port < 2**16 and port not in _OTHER_SERVICES)
    if not is_web:
        raise AddressRefused(f"Port {port} is not called: use the usual one of {scheme}, or one above 1023.")


def check_host(host: str) -> None:
    """Refuse a host that is an inner name or address, or a number in disguise."""
    name = host.lower().removesuffix(".")
    literal = literal_address(name)
    if literal is not None:
        if not is_public(literal):
            raise AddressRefused(f"{host} is not a public address: only addresses on the open Internet are called.")
        return
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise AddressRefused(f"{_quoted(host)} is not a host name: check how it is written.")
    if _NUMBER.fullmatch(labels[-1]):
        raise AddressRefused(f"{host} is not written as an address: use four numbers from 0 to 255, or a host name.")
    if len(labels) == 1 or any(name == inner or name.endswith(f".{inner}") for inner in _INNER_NAMES):
        raise AddressRefused(f"{host} is not a public name: only hosts on the open Internet are called.")


def literal_address(host: str) -> Address | None:
    """The address that a host is, if it is one in its plain form."""
    try:
        return IPv6Address(host.strip("[]")) if ":" in host else IPv4Address(host)
    except AddressValueError:
        return None


def _quoted(text: str) -> str:
    return f"“{redact_text(text[:100])}”"
