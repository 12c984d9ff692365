"""The legs of `python -m app demo` in their order, and what each has to show. A step that fails says why and ends the
journey; the product keeps serving.
"""

import time

from app.cli.journey import farewell, feeds, from_outside, goods_in, screen, second_thoughts
from app.cli.journey.client import StepFailed, connect
from app.cli.journey.live import Pause
from app.cli.journey.seller import Seller, kept_seller, sign_in
from app.cli.journey.trip import Trip, say
from app.cli.run import Serving

LEGS = (
    goods_in.bring_in,
    goods_in.bring_in_again,
    goods_in.bring_in_mistakes,
    second_thoughts.bring_in_xml,
    second_thoughts.preview,
    second_thoughts.import_and_undo,
    from_outside.sync_external,
)


class Interrupted(Exception):
    """The product is being stopped."""


def travel(serving: Serving, *, products: int) -> bool:
    """Go through the product as a new seller; answers whether everything was as promised."""
    began = time.monotonic()
    folder = serving.data / "demo"
    seller = kept_seller(folder)
    with connect(serving.api) as client:
        trip = Trip(client, screen.open_console(), folder, products, _pause_of(serving))
        try:
            _arrive(trip, seller)
            went_well = _walk(trip)
        except Interrupted:
            return False
        except StepFailed as failure:
            if serving.is_stopping():
                return False
            say(f"\nThe journey cannot go on: {failure}.")
            say(f"The logs are in {serving.data / 'log'}. Everything keeps serving.")
            went_well = False
        if client.auth:
            farewell.show(serving, seller, trip.feed)
    words = "everything was as promised" if went_well else "not everything was as promised, see above"
    say(f"\nThe journey took {time.monotonic() - began:.1f} s: {words}. Ctrl-C stops everything.")
    return went_well


def _arrive(trip: Trip, seller: Seller) -> None:
    if sign_in(trip.client, seller):
        say(f"\nA new seller is registered: {seller.email}")
    else:
        count = feeds.count_products(trip.client)
        say(f"\nThe seller of the last start is back: {seller.email}, with {count:,} products")


def _walk(trip: Trip) -> bool:
    verdicts = [leg(trip, number) for number, leg in enumerate(LEGS, 1)]
    return all(verdicts)


def _pause_of(serving: Serving) -> Pause:
    def pause(seconds: float) -> None:
        time.sleep(seconds)
        if serving.is_stopping():
            raise Interrupted

    return pause
