"""Reading what syncs have done: how each connection stands, and the runs one by one."""

from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connections
from app.connections.models import Connection
from app.core.pagination import Page, Sort, make_page, paginate
from app.queue.models import Job
from app.sync import repository
from app.sync.repository import Newest
from app.sync.schemas import RunQuery, RunView, StatusQuery, SyncStatus

RUN_SORTS = MappingProxyType({"created_at": Sort(Job.created_at, read=datetime.fromisoformat)})
CONNECTION_SORTS = MappingProxyType({"created_at": Sort(Connection.created_at, read=datetime.fromisoformat)})


async def get_connection_of(session: AsyncSession, job: Job) -> Connection:
    """The connection that a job is about."""
    return await connections.get_connection(session, UUID(str(job.params["connection_id"])))


def to_run_view(job: Job) -> RunView:
    """A job as a run of its connection."""
    own = {name: getattr(job, name) for name in RunView.model_fields if hasattr(job, name)}
    return RunView.model_validate({**own, **{name: job.params[name] for name in ("connection_id", "kind", "mode")}})


async def list_runs(session: AsyncSession, tenant_id: int | None, query: RunQuery) -> Page[RunView]:
    """A page of the runs, newest first."""
    rows = await paginate(
        session,
        repository.list_runs(tenant_id, query),
        query,
        sorts=RUN_SORTS,
        default_sort="-created_at",
        id_column=Job.id,
        tenant_id=tenant_id,
    )
    return make_page([to_run_view(job) for job in rows.items], rows.next_cursor, query, rows.total)


async def list_statuses(session: AsyncSession, tenant_id: int, query: StatusQuery) -> Page[SyncStatus]:
    """How the tenant's connections stand, the oldest connection first."""
    statement = connections.list_connections(tenant_id)
    if query.connection_id is not None:
        await connections.get_connection(session, query.connection_id)
        statement = statement.where(Connection.id == query.connection_id)
    rows = await paginate(
        session,
        statement,
        query,
        sorts=CONNECTION_SORTS,
        default_sort="created_at",
        id_column=Connection.id,
        tenant_id=tenant_id,
    )
    ids = [connection.id for connection in rows.items]
    newest = await repository.newest_runs(session, tenant_id, ids)
    due = await repository.next_runs(session, tenant_id, ids)
    views = [_to_status(connection, newest[connection.id], due.get(str(connection.id))) for connection in rows.items]
    return make_page(views, rows.next_cursor, query, rows.total)


def _to_status(connection: Connection, newest: Newest, next_run_at: datetime | None) -> SyncStatus:
    return SyncStatus(
        connection_id=connection.id,
        name=connection.name,
        provider=connection.vendor,
        environment=connection.environment,
        status=connection.status,
        is_running=newest.is_running,
        last_run=None if newest.last is None else to_run_view(newest.last),
        last_success=None if newest.success is None else to_run_view(newest.success),
        next_run_at=next_run_at,
        last_ok_at=connection.last_ok_at,
        last_error=connection.last_error,
        last_error_code=connection.last_error_code,
        last_error_at=connection.last_error_at,
        created_at=connection.created_at,
    )
