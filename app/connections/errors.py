"""What can be in the way of using a connection."""

from app.core.errors import Conflict, NotFound


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
