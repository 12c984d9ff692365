"""The queue: jobs, job events, outbox, schedules, stream tickets, and the functions that a worker calls."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.core.config import get_settings
from app.core.row_security import guard
from app.core.tenancy import RowScope

revision = "s0003"
down_revision = "s0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
EMPTY_OBJECT = sa.text("'{}'::jsonb")
ZERO = sa.text("0")
NOW = sa.text("now()")
QUEUES = "queue IN ('sync', 'scraping', 'import', 'orders', 'ai', 'webhooks', 'images', 'listings', 'maintenance')"
STATUSES = "status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled')"
OUTCOMES = "outcome IN ('ok', 'partial', 'needs_confirmation', 'rejected', 'attempts_exhausted', 'discarded')"
TABLES = ("jobs", "job_events", "outbox", "schedules", "schedule_slots", "stream_tickets")

RECORD_TRANSITION = """
CREATE FUNCTION record_job_transition() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO public.job_events (job_id, tenant_id, user_id, status, outcome, attempt, error_code)
  VALUES (NEW.id, NEW.tenant_id, NEW.user_id, NEW.status, NEW.outcome, NEW.attempt, NEW.error_code);
  RETURN NULL;
END
$body$
"""

# A counter never goes back: an attempt that resumes counts up again from its cursor.
MERGE_COUNTERS = """
CREATE FUNCTION merge_counters(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN after = '{}'::jsonb THEN before ELSE before || (
  SELECT jsonb_object_agg(key, CASE
    WHEN jsonb_typeof(value) = 'number' AND jsonb_typeof(before -> key) = 'number'
    THEN to_jsonb(greatest(value::numeric, (before -> key)::numeric)) ELSE value END)
  FROM jsonb_each(after)
) END
"""

# The runner sets whose rows are in reach and claims in the same round trip.
CLAIM_JOB = """
CREATE FUNCTION claim_job(of_job uuid, of_attempt integer, of_tenant text, of_user text)
RETURNS SETOF public.jobs LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM set_config('app.tenant_id', of_tenant, true), set_config('app.user_id', of_user, true);
  RETURN QUERY UPDATE public.jobs
    SET status = 'running', started_at = coalesce(started_at, now()), heartbeat_at = now(), advanced = false,
        revision = revision + 1
    WHERE id = of_job AND attempt = of_attempt AND status = 'pending'
    RETURNING *;
END
$body$
"""

FINISH_JOB = """
CREATE FUNCTION finish_job(of_job uuid, of_attempt integer, of_tenant text, of_user text, progress jsonb,
  to_status text, to_outcome text, with_result jsonb, with_code text, with_message text)
RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
  new_revision bigint;
BEGIN
  PERFORM set_config('app.tenant_id', of_tenant, true), set_config('app.user_id', of_user, true);
  UPDATE public.jobs SET
    status = to_status, outcome = to_outcome, result = coalesce(with_result, result),
    error_code = with_code, error_message = with_message,
    items_total = coalesce((progress ->> 'total')::bigint, items_total),
    items_processed = greatest(items_processed, (progress ->> 'processed')::bigint),
    items_failed = greatest(items_failed, (progress ->> 'failed')::bigint),
    counters = public.merge_counters(counters, coalesce(progress -> 'counters', '{}'::jsonb)),
    stage = coalesce(progress ->> 'stage', stage),
    progress_message = coalesce(progress ->> 'message', progress_message),
    progress_percent = CASE WHEN to_status = 'completed' THEN 100
      ELSE greatest(progress_percent, (progress ->> 'percent')::numeric) END,
    eta_at = NULL, heartbeat_at = NULL, revision = revision + 1,
    completed_at = CASE WHEN to_status = 'waiting' THEN NULL ELSE now() END
  WHERE id = of_job AND attempt = of_attempt AND status = 'running'
  RETURNING revision INTO new_revision;
  RETURN new_revision;
END
$body$
"""


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("user_id", sa.Uuid),
        sa.Column("job_type", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("params", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("stage", sa.Text),
        sa.Column("progress_message", sa.Text),
        sa.Column("progress_percent", sa.Numeric(5, 2), server_default=ZERO, nullable=False),
        sa.Column("items_total", sa.BigInteger),
        sa.Column("items_processed", sa.BigInteger, server_default=ZERO, nullable=False),
        sa.Column("items_failed", sa.BigInteger, server_default=ZERO, nullable=False),
        sa.Column("counters", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("eta_at", TIME),
        sa.Column("cursor", JSONB),
        sa.Column("attempt", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("fruitless_attempts", sa.Integer, server_default=ZERO, nullable=False),
        sa.Column("advanced", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("heartbeat_at", TIME),
        sa.Column("cancel_requested_at", TIME),
        sa.Column("revision", sa.BigInteger, server_default=ZERO, nullable=False),
        sa.Column("result", JSONB),
        sa.Column("error_code", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("schedule_id", sa.Uuid),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("completed_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name="fk_jobs_parent_id_jobs", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_jobs_schedule_id_schedules", ondelete="SET NULL"
        ),
        sa.CheckConstraint(STATUSES, name="ck_jobs_status"),
        sa.CheckConstraint(OUTCOMES, name="ck_jobs_outcome"),
        sa.CheckConstraint(QUEUES, name="ck_jobs_queue"),
        # Rows are rewritten several times in a short life: leave room on the page for heap-only updates.
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_jobs_tenant", "jobs", ["tenant_id", "created_at", "id"])
    op.create_index("ix_jobs_parent", "jobs", ["parent_id"], postgresql_where=sa.text("parent_id IS NOT NULL"))
    op.create_index("ix_jobs_running", "jobs", ["id"], postgresql_where=sa.text("status = 'running'"))
    op.create_index(
        "uq_jobs_idempotency",
        "jobs",
        ["tenant_id", "job_type", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )


def _make_job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("user_id", sa.Uuid),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("at", TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_events"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_events_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_job_events_job", "job_events", ["job_id", "id"])


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("user_id", sa.Uuid),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("job_id", sa.Uuid),
        sa.Column("attempt", sa.Integer),
        sa.Column("payload", JSONB),
        sa.Column("coalesce_key", sa.Text),
        sa.Column("available_at", TIME, server_default=NOW, nullable=False),
        sa.Column("sent_at", TIME),
        sa.Column("sends", sa.Integer, server_default=ZERO, nullable=False),
        sa.Column("broker_epoch", sa.Text),
        sa.Column("failures", sa.Integer, server_default=ZERO, nullable=False),
        sa.Column("dead_at", TIME),
        sa.Column("dead_reason", sa.Text),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_outbox_job_id_jobs", ondelete="CASCADE"),
        sa.CheckConstraint(QUEUES, name="ck_outbox_queue"),
        sa.CheckConstraint("(job_id IS NULL) = (attempt IS NULL)", name="ck_outbox_attempt"),
    )
    unsent = sa.text("sent_at IS NULL AND dead_at IS NULL")
    op.create_index("ix_outbox_unsent", "outbox", ["available_at", "id"], postgresql_where=unsent)
    op.create_index("ix_outbox_sent", "outbox", ["sent_at"], postgresql_where=sa.text("sent_at IS NOT NULL"))
    op.create_index("ix_outbox_job", "outbox", ["job_id"], postgresql_where=sa.text("job_id IS NOT NULL"))
    op.create_index(
        "uq_outbox_coalesce",
        "outbox",
        ["tenant_id", "task", "coalesce_key"],
        unique=True,
        postgresql_where=sa.text("sends = 0 AND coalesce_key IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )


def _make_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("user_id", sa.Uuid),
        sa.Column("job_type", sa.Text, nullable=False),
        sa.Column("params", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("cron", sa.Text),
        sa.Column("every_minutes", sa.Integer),
        sa.Column("timezone", sa.Text, server_default="UTC", nullable=False),
        sa.Column("enabled", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("next_slot_at", TIME, nullable=False),
        sa.Column("last_slot_at", TIME),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.CheckConstraint("(cron IS NULL) <> (every_minutes IS NULL)", name="ck_schedules_cron_or_every"),
        sa.CheckConstraint("every_minutes > 0", name="ck_schedules_every_minutes"),
    )
    op.create_index("ix_schedules_due", "schedules", ["next_slot_at"], postgresql_where=sa.text("enabled"))
    op.create_index("ix_schedules_tenant", "schedules", ["tenant_id", "created_at"])


def _make_slots_and_tickets() -> None:
    op.create_table(
        "schedule_slots",
        sa.Column("schedule_id", sa.Uuid, nullable=False),
        sa.Column("slot", TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("job_id", sa.Uuid),
        sa.Column("ticked_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "slot", name="pk_schedule_slots"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_schedule_slots_schedule_id_schedules", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_schedule_slots_job_id_jobs", ondelete="SET NULL"),
    )
    op.create_table(
        "stream_tickets",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("user_id", sa.Uuid),
        sa.Column("job_id", sa.Uuid),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_stream_tickets"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_stream_tickets_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_stream_tickets_expires", "stream_tickets", ["expires_at"])


def _guard_tables() -> None:
    app_role = get_settings().database_role_app
    mine = "tenant_id IS NULL AND user_id = nullif(current_setting('app.user_id', true), '')::uuid"
    for table in TABLES:
        # Transitions are append-only for the application; only the purge of the system role removes them.
        app_grant = "SELECT, INSERT" if table == "job_events" else "SELECT, INSERT, UPDATE, DELETE"
        system_grant = "SELECT, INSERT, DELETE" if table == "job_events" else "SELECT, INSERT, UPDATE, DELETE"
        for statement in guard(table, RowScope.TENANT, app_grant=app_grant, system_grant=system_grant):
            op.execute(statement)
        if table != "schedule_slots":
            # The work of a user who has no tenant (a shopper) is theirs.
            op.execute(f'CREATE POLICY user_rows ON "{table}" TO "{app_role}" USING ({mine}) WITH CHECK ({mine})')


def upgrade() -> None:
    _make_schedules()
    _make_jobs()
    _make_job_events()
    _make_outbox()
    _make_slots_and_tickets()
    _guard_tables()
    for function in (RECORD_TRANSITION, MERGE_COUNTERS, CLAIM_JOB, FINISH_JOB):
        op.execute(function)
    op.execute("CREATE TRIGGER record_first AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION record_job_transition()")
    op.execute(
        "CREATE TRIGGER record_transition AFTER UPDATE ON jobs FOR EACH ROW"
        " WHEN (OLD.status <> NEW.status OR OLD.attempt <> NEW.attempt) EXECUTE FUNCTION record_job_transition()"
    )


def downgrade() -> None:
    # They are typed by the table.
    op.execute("DROP FUNCTION claim_job")
    for table in ("stream_tickets", "schedule_slots", "outbox", "job_events", "jobs", "schedules"):
        op.drop_table(table)
    for function in ("record_job_transition", "merge_counters", "finish_job"):
        op.execute(f"DROP FUNCTION {function}")
