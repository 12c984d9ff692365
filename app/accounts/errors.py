"""What can go wrong with accounts, in the caller's words."""

from app.core.errors import Conflict, Forbidden, NotFound, RateLimited, Unauthenticated, Unavailable, Unprocessable


class TokenRefused(Unauthenticated):
    """The token has a wrong form, signature, issuer or purpose; why exactly, only the log says."""

    code, title = "token_invalid", "The access token is not valid; log in again"


class AccessTokenExpired(Unauthenticated):
    code, title = "token_expired", "The access token has expired; get a new one from /auth/refresh"


class SessionEnded(Unauthenticated):
    """Logged out, or revoked by a password change, by the user elsewhere or by reuse of an old refresh token."""

    code, title = "session_ended", "This session has ended; log in again"


class InvalidCredentials(Unauthenticated):
    code, title = "invalid_credentials", "The e-mail address or the password is wrong"
    mend = "Check both and try again; after ten failures the login pauses for some minutes."


class RefreshTokenInvalid(Unauthenticated):
    code, title = "refresh_token_invalid", "The refresh token is not valid any more; log in again"


class RefreshTokenReused(Unauthenticated):
    """A refresh token came back after it had been exchanged: somebody else may hold it, so its session has ended."""

    code, title = "refresh_token_reused", "This refresh token was used before; the session has ended, log in again"


class CurrentPasswordWrong(Forbidden):
    """Not 401: the caller is logged in and stays so."""

    code, title = "current_password_wrong", "The current password is wrong"
    mend = "Send the password that you log in with as `current_password`."


class AccountDisabled(Forbidden):
    code, title = "account_disabled", "This account is disabled; ask the administrator of this installation"
    mend = "Ask the administrator of this installation."


class TenantRequired(Forbidden):
    code, title = "tenant_required", "This needs a seller's account; this account belongs to no tenant"
    mend = "Register a seller's account, or ask an owner to add you to their tenant and switch to it."


class TenantSuspended(Forbidden):
    code, title = "tenant_suspended", "This tenant is suspended; ask the administrator of this installation"
    mend = "Ask the administrator of this installation."


class AdminRequired(Forbidden):
    code, title = "admin_required", "This is for administrators of the platform"
    mend = "Ask an administrator of the platform to do it."


class AdminNotAllowed(Forbidden):
    code, title = "admin_not_allowed", "An administrator cannot be registered here"
    mend = "Register without `role`; administrators are named by ADMIN_EMAIL."


class TenantBehind(Unavailable):
    """The tenant's schema is older than this program accepts."""

    code, title = "tenant_upgrading", "This tenant's data is being upgraded; try again shortly"


class EmailTaken(Conflict):
    code, title = "email_taken", "An account with this e-mail address exists already; log in instead"
    mend = "Log in with that address, or register another one."


class EmailMissing(Unprocessable):
    code, title = "email_missing", "The identity provider names no e-mail address for this person"
    mend = "Add an e-mail address to the account at the identity provider."


class WeakPassword(Unprocessable):
    code, title = "weak_password", "This password is too easy to guess"
    mend = "Choose a longer one; `detail` says what makes it weak."


class TooManyFailedLogins(RateLimited):
    code, title = "too_many_failed_logins", "Too many failed logins; wait a while before trying again"


class TenantNotFound(NotFound):
    code, title = "tenant_not_found", "There is no such tenant of yours"


class MemberNotFound(NotFound):
    code, title = "member_not_found", "There is no such member in this tenant"


class AlreadyMember(Conflict):
    code, title = "already_member", "This person is a member of the tenant already"
    mend = "Change the member's role instead."


class NoSuchAccount(Unprocessable):
    """The person to be added has no account, and no password was given to make one."""

    code, title = "no_such_account", "There is no account with this address; give a password to make one"
    mend = "Send a first `password` along, or ask the person to register."


class LastOwner(Conflict):
    code, title = "last_owner", "A tenant needs an owner; make somebody else an owner first"
    mend = "Give another member the role `owner` first."


class SessionNotFound(NotFound):
    code, title = "session_not_found", "There is no such session of yours"
