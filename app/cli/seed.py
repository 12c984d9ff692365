"""`python -m app seed`: invented goods in a running installation, brought in over the API as a seller would."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from app.cli.environment import data_directory, running_environment
from app.cli.journey import feeds, screen
from app.cli.journey.client import StepFailed, connect
from app.cli.journey.live import JobState, follow
from app.cli.journey.seller import Seller, kept_seller, sign_in
from app.core.config import Settings
from app.sandbox.goods import DEFAULT_SEED

Products = Annotated[int, typer.Option(min=1, max=1_000_000, help="How many, each with its variants.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same goods.")]
Url = Annotated[str | None, typer.Option(help="Where the product answers; without it, the one of this installation.")]
Email = Annotated[str | None, typer.Option(help="Whose account; without it, the demo seller of this installation.")]


def seed(products: Products = 2000, seed: Seed = DEFAULT_SEED, url: Url = None, email: Email = None) -> None:
    """Bring generated goods into a seller's catalogue; the password of --email is asked for, a new account is made."""
    settings = Settings()
    api = url or running_environment(settings).get("PUBLIC_URL") or settings.public_url
    seller = (
        Seller(email, typer.prompt("Password", hide_input=True))
        if email
        else kept_seller(data_directory(settings) / "demo")
    )
    try:
        job = _bring_in(api.rstrip("/"), seller, products, seed)
    except StepFailed as failure:
        print(f"{failure}.", file=sys.stderr)
        raise typer.Exit(1) from failure
    if job.status != "completed":
        print(f"The import ended as {job.status}: {job.error_code}: {job.error_message}", file=sys.stderr)
        raise typer.Exit(1)


def _bring_in(api: str, seller: Seller, products: int, seed: int) -> JobState:
    with connect(api) as client, tempfile.TemporaryDirectory(prefix="crossdock-seed-") as folder:
        sign_in(client, seller)
        feed = feeds.write_feed(Path(folder) / "products.csv", products=products, seed=seed)
        began = time.monotonic()
        job_id = feeds.start_import(client, feed.file)
        print(f"{products:,} products for {seller.email}, job {job_id}", flush=True)
        console = screen.open_console()
        job = screen.watch(console, follow(client, job_id))
        screen.show_summary(console, job, time.monotonic() - began)
        return job
