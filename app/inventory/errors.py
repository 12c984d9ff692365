"""What can go wrong with quantities, in the caller's words."""

from app.core.errors import Conflict, Unprocessable


class StockBelowZero(Conflict):
    """The change would leave less than nothing on the shelf."""

    code, title = "stock_below_zero", "There is not that much in stock"


class StockTooLarge(Unprocessable):
    code, title = "stock_too_large", "A quantity is at most 1,000,000,000"
