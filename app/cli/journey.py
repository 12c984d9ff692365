"""The journey of `python -m app demo`: what a new seller does, over the API like any other client."""

import secrets

import httpx

from app.cli.run import Addresses

PATIENCE = httpx.Timeout(30)


def travel(addresses: Addresses) -> None:
    """Register a demo seller and print how to log in."""
    email, password = f"demo-{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(12)
    with httpx.Client(base_url=f"{addresses.api}/api/v1", timeout=PATIENCE) as client:
        client.post("/auth/register", json={"email": email, "password": password}).raise_for_status()
    print(f"email: {email}\npassword: {password}", flush=True)
