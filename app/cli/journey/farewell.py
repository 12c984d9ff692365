"""What somebody can do once the journey is over: addresses, the login, and commands that work as they are printed."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from app.cli.journey.client import BASE
from app.cli.journey.seller import Seller
from app.cli.run import Serving
from app.sandbox.goods import product_at

READ_ANSWER = """python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'"""
AS_SELLER = '-H "Authorization: Bearer $TOKEN"'


def show(serving: Serving, seller: Seller, feed: Path) -> None:
    """Print it."""
    print(
        f"""
What you can do next

  API documentation  {serving.api}/api/docs (press Authorize, log in)
  To read            {serving.api}/api/redoc
  Jobs in Flower     {serving.flower}
  Logs               {serving.data / "log"}

email: {seller.email}
password: {seller.password}

In another terminal

""",
        end="",
    )
    print(*(f"  {line}" for line in commands(serving.api, seller, feed)), sep="\n", flush=True)


def commands(api: str, seller: Seller, feed: Path) -> Iterator[str]:
    """A login and three things to do with it, for one shell."""
    base = f"{api}{BASE}"
    login = " ".join(f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in _form(seller))
    yield f"TOKEN=$(curl -fsS {base}/auth/token {login} | {READ_ANSWER})"
    words = quote(product_at(0).title.rsplit(" by ", 1)[0])
    yield f"curl -fsS '{base}/products?q={words}&fields=sku,title,price' {AS_SELLER}"
    yield f"curl -fsS {base}/scraping/feed {AS_SELLER} -F {shlex.quote(f'file=@{feed}')}"
    yield f"curl -fsS {base}/jobs/stats/summary {AS_SELLER}"


def _form(seller: Seller) -> tuple[tuple[str, str], ...]:
    return (("username", seller.email), ("password", seller.password))
