"""The demo seller of an installation: one account, drawn once and kept in a private file between starts."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from app.cli.journey.client import SellerLogin, StepFailed, answered, refusal, tell

FILE = "seller.json"


@dataclass(frozen=True, slots=True)
class Seller:
    """How somebody logs in."""

    email: str
    password: str


def kept_seller(folder: Path) -> Seller:
    """The seller of this folder, drawn at the first call."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Seller(**json.loads(file.read_text()))
    drawn = Seller(f"demo-{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(12))
    with os.fdopen(handle, "w") as opened:
        json.dump(asdict(drawn), opened)
    return drawn


def sign_in(client: httpx.Client, seller: Seller) -> bool:
    """Register the seller, or log in when that happened at an earlier start; answers whether the account is new."""
    login = {"email": seller.email, "password": seller.password}
    answer = tell(client, "/auth/register", {**login, "name": "Demo seller"})
    is_new = answer.status_code != httpx.codes.CONFLICT
    if not is_new:
        answer = tell(client, "/auth/login", {**login})
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise StepFailed(f"{refusal(answer)}. The password of {seller.email} is not the kept one any more")
    client.auth = SellerLogin(seller.email, seller.password, str(answered(answer)["access_token"]))
    return is_new
