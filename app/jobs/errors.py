"""What can go wrong with steering a job, in the caller's words."""

from app.core.errors import Conflict, NotFound, Unauthenticated


class JobNotFound(NotFound):
    code, title = "job_not_found", "There is no such job"


class JobAlreadyOver(Conflict):
    code, title = "job_already_over", "The job is over; there is nothing left to cancel"


class JobNotRetryable(Conflict):
    code, title = "job_not_retryable", "Only a failed or cancelled job can be retried"


class JobNotWaiting(Conflict):
    code, title = "job_not_waiting", "The job does not wait for anybody"


class JobNotUndoable(Conflict):
    code, title = "job_not_undoable", "This job cannot be undone"


class TicketInvalid(Unauthenticated):
    code, title = "ticket_invalid", "The ticket is used up, too old, or for another stream; ask for a new one"
