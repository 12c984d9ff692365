"""What can be in the way of using a connection."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ConnectionNotFound(NotFound):
    code, title = "connection_not_found", "There is no such connection"
    mend = "Take the id from GET /sync/status."


class ConnectionPaused(Conflict):
    code, title = "connection_paused", "The connection is paused"
    mend = "Resume the connection first."


class ConnectionAmbiguous(Conflict):
    """Several connections of this tenant lead to the vendor that was named."""

    code, title = "connection_ambiguous", "More than one connection leads to this vendor"
    mend = "Name one by `connection_id`."


class ConnectionNameTaken(Conflict):
    code, title = "connection_name_taken", "Another connection has this name"
    mend = "Choose another name, or rename the other connection."


class ConnectionNeedsReauth(Conflict):
    """The vendor has refused what was kept; only new credentials, or a new consent, help."""

    code, title = "connection_needs_reauth", "The connection waits for new credentials"
    mend = "Connect the account again: PATCH /suppliers/{id} with `credentials`, or a new consent."


class CredentialsUnreadable(Conflict):
    code, title = "credentials_unreadable", "The credentials that were kept cannot be opened any more"
    mend = "Have the operator set CREDENTIALS_KEY_PREVIOUS to the key before, or connect the account again."


class CredentialsIncomplete(Unprocessable):
    code, title = "credentials_incomplete", "These are not the credentials that the vendor takes"
    mend = "Give the names that `detail` lists; GET /suppliers/vendors tells them for every vendor."


class ConsentNeeded(Unprocessable):
    """The vendor hands out no keys: the seller consents at the vendor itself."""

    code, title = "consent_needed", "This vendor is connected by a consent at the vendor"
    mend = "Send the seller's browser to the address that GET /suppliers/{vendor}/authorize answers."


class ConnectionSettingsInvalid(Unprocessable):
    code, title = "connection_settings_invalid", "Some settings of the connection are wrong"
    mend = "Correct what `errors` names; GET /suppliers/vendors has the schema of every vendor's settings."


class AlreadyConnected(Conflict):
    """One account connected twice would sell the same goods twice."""

    code, title = "already_connected", "This account is connected already"
    mend = "Use the connection whose id `connection_id` names, or delete it first."


class ConsentInvalid(Unprocessable):
    """Unknown, used before, older than ten minutes, or begun by somebody else: deliberately one error for all."""

    code, title = "consent_invalid", "This consent was not begun here, is too old or was used before"
    mend = "Begin anew: GET /suppliers/{vendor}/authorize, with the same login to the end."


class AccountDiffers(Conflict):
    """New credentials that open another account would mix its goods with those that are there."""

    code, title = "account_differs", "These credentials open another account"
    mend = "Connect the other account as a connection of its own."


class ConsentNotOffered(Unprocessable):
    code, title = "consent_not_offered", "This vendor is connected by credentials, not by a consent"
    mend = "Use POST /suppliers/connect."


class RedirectRefused(Unprocessable):
    """A code sent to a stranger's address would be the stranger's."""

    code, title = "redirect_refused", "The vendor is not asked to send the seller there"
    mend = "Use an address of this installation (PUBLIC_URL) or of a frontend that CORS_ORIGINS names."
