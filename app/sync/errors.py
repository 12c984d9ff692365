"""What can be in the way of a sync or of its schedule."""

from app.core.errors import Conflict, NotFound, Unprocessable


class NoDefaultProvider(Conflict):
    """The request names no connection, and this installation names no external product API."""

    code, title = "no_default_provider", "There is no default provider to sync with"
    mend = "Name a connection by `connection_id`, or have the operator set EXTERNAL_API_PROVIDER."


class ProviderUnknown(Unprocessable):
    """No connection of the tenant leads to this vendor, and it is not the default provider."""

    code, title = "provider_unknown", "There is no connection to this provider"
    mend = "Connect the provider first, or name a connection from GET /sync/status."


class SyncKindUnknown(Unprocessable):
    code, title = "sync_kind_unknown", "This vendor cannot be synced in that way"
    mend = "Use one of the kinds that `detail` lists."


class TooManySyncs(Conflict):
    """Syncs of a connection take turns; more of them than this in a row bring nothing new."""

    code, title = "too_many_syncs", "Enough syncs of this connection wait already"
    mend = "Wait until one of them is over, or cancel those that are not needed; GET /sync/history lists them."


class ScheduleNotFound(NotFound):
    code, title = "schedule_not_found", "There is no such schedule"
    mend = "Take the id from GET /sync/schedules."


class ScheduleNameTaken(Conflict):
    code, title = "schedule_name_taken", "Another schedule has this name"
    mend = "Choose another name, or change the schedule that has it."


class ScheduleRefused(Unprocessable):
    code, title = "schedule_invalid", "The times of the schedule cannot be used"
    mend = "Give `cron` (five fields) or `every_minutes`, at least five minutes apart, and an IANA time zone."


class TooManySchedules(Conflict):
    code, title = "too_many_schedules", "The tenant has as many schedules as it may have"
    mend = "Delete a schedule that is not needed any more."
