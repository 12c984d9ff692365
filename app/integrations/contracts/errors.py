"""What can go wrong with a vendor, said as what to do about it. Clients raise these and nothing else.

The job runner reads `retryable` and `retry_after`; a route that talks to a vendor answers them as problems. None is a
401: clients of ours would log out over a shop's expired token.
"""

from typing import ClassVar

from app.core.errors import AppError


class VendorError(AppError):
    """Base of everything that a vendor or the way to it can do to us."""

    status, code, title = 502, "vendor_error", "The other side did not do what was asked"
    mend = "Read `detail`; try again later."
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}
        super().__init__(detail, headers=headers)


class Unavailable(VendorError):
    """The other side is away, slow or broke off. What was asked may or may not have happened."""

    status, code, title = 503, "vendor_unavailable", "The other side does not answer"
    mend = "Nothing to do: jobs try again by themselves. If it stays, look at the vendor's status page."
    retryable = True


class NotSent(Unavailable):
    """No connection came about: nothing can have happened there."""


class RateLimited(VendorError):
    """The other side asks for a pause of `retry_after` seconds, longer than a call may wait."""

    status, code, title = 503, "vendor_rate_limited", "The other side asks us to slow down"
    mend = "Wait for the seconds in `Retry-After`; jobs do so by themselves."
    retryable = True


class AuthExpired(VendorError):
    """The credentials are not, or no longer, accepted: refresh once, then mark the connection."""

    status, code, title = 422, "credentials_rejected", "The other side refuses the credentials"
    mend = "Connect the account again, or correct the key in the connection's settings."


class Rejected(VendorError):
    """The other side understood and refused. Trying again would not help."""

    status, code, title = 422, "vendor_rejected", "The other side refuses the request"
    mend = "Read `detail`, correct what it names and try again."


class AddressRefused(Rejected):
    """An address that is not called: not http(s), not public, or written so as to hide where it leads."""

    code, title = "address_not_allowed", "This address is not called"
    mend = "Give a public http:// or https:// address with a host name and without a user name or password."


class AnswerTooLarge(Rejected):
    """More bytes than allowed, counted after unpacking."""

    code, title = "vendor_answer_too_large", "The other side sends more than is accepted"
    mend = "Ask for less at once, or have the file split."


class NotFound(VendorError):
    """There is no such thing at the other side."""

    status, code, title = 422, "vendor_not_found", "The other side does not have it"
    mend = "Check the address or id; it may have been deleted there."


class Conflict(VendorError):
    """It contradicts the state at the other side: look it up; it may be done already."""

    status, code, title = 409, "vendor_conflict", "It contradicts the state at the other side"
    mend = "Read the present state there and decide anew."


class Broken(VendorError):
    """An answer that cannot be read as what was agreed. Nobody can do anything about it but look."""

    status, code, title = 502, "vendor_answer_broken", "The answer of the other side cannot be read"
    mend = "Check that the address is that of the API or feed; if it is, tell the operator the request_id."
