"""The certificate is held to the name that was asked for, although the connection goes to a checked address."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core import clock
from app.integrations.contracts.errors import Unavailable
from app.integrations.http import Guard
from app.integrations.http.egress import trust
from tests.integrations.http.conftest import MakeClient
from tests.integrations.http.stage import Stage, answer

NAME = "shop.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own signing for the name, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def asked_names() -> list[str | None]:
    return []


@pytest.fixture
async def shop(certificate: Path, asked_names: list[str | None]) -> AsyncIterator[Stage]:
    """A TLS server on this machine that notes which name is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked_names.append(name)
    made = Stage()
    made.plays("/", answer(200, b"goods"))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def here(_host: str, _port: int) -> Sequence[str]:
    """Every name is at this machine."""
    return ["127.0.0.1"]


@pytest.fixture
def trusted(certificate: Path) -> Iterator[None]:
    """Let the certificate be one of an authority, for one test."""
    trust().load_verify_locations(certificate)
    yield
    trust.cache_clear()


async def test_a_certificate_of_nobody_is_refused_before_anything_is_sent(
    shop: Stage, make_client: MakeClient, asked_names: list[str | None]
) -> None:
    guard = Guard([f"https://{NAME}:{shop.port}"], resolver=here)
    with pytest.raises(Unavailable, match=r"(?i)certificate"):
        await make_client(guard, tries=1).get(f"https://{NAME}:{shop.port}/")
    assert asked_names == [NAME]
    assert shop.asked == []


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_for_the_name_is_accepted(
    shop: Stage, make_client: MakeClient, asked_names: list[str | None]
) -> None:
    guard = Guard([f"https://{NAME}:{shop.port}"], resolver=here)
    reply = await make_client(guard).get(f"https://{NAME}:{shop.port}/")
    assert reply.text == "goods"
    assert asked_names == [NAME]
    assert shop.asked[0].headers["host"] == f"{NAME}:{shop.port}"


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_for_another_name_is_refused(shop: Stage, make_client: MakeClient) -> None:
    guard = Guard([f"https://other.example:{shop.port}"], resolver=here)
    with pytest.raises(Unavailable, match=r"(?i)certificate|mismatch"):
        await make_client(guard, tries=1).get(f"https://other.example:{shop.port}/")
    assert shop.asked == []
