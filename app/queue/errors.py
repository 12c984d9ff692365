"""What can go wrong in the engine itself, and how a running body is told to stop."""


class RegistryNotSealed(RuntimeError):
    """The process enqueues before app/tasks.py and app/listeners.py are loaded."""


class RegistrySealed(RuntimeError):
    """A kind of job or a listener is declared too late."""


class UnknownJobKind(LookupError):
    """No tasks.py registers this name."""


class JobStopped(Exception):
    """Base of the reasons for which a body must end now; raised by Run, handled by the runner, never by features."""


class JobCancelled(JobStopped):
    """A person has cancelled the job."""


class AttemptSuperseded(JobStopped):
    """Another attempt has taken over; nothing that this one writes counts any more."""


class WorkerStopping(JobStopped):
    """The worker is shutting down; the job goes back to the queue and resumes from its cursor."""


class NotYourTurn(JobStopped):
    """Something else must end first; the job waits in the queue, which holds no worker and counts no attempt."""

    def __init__(self, message: str, seconds: float) -> None:
        self.message = message
        self.seconds = seconds
        super().__init__(message)


class DatabaseAway(RuntimeError):
    """PostgreSQL did not answer for as long as we were willing to wait."""
