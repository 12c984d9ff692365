"""What can be in the way of working with a supplier."""

from app.core.errors import Unprocessable


class SupplierUnknown(Unprocessable):
    code, title = "supplier_unknown", "No supplier has this name"
    mend = "Use one of the vendors that `detail` lists; GET /suppliers/vendors tells more about each."
