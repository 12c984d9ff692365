"""Pricing: how price changes are recorded."""

from alembic import op

revision = "s0005"
down_revision = "s0004"
branch_labels = None
depends_on = None

# One function for the triggers of all tenants: the table to write to stands beside the one that has changed. Whose
# doing it is comes from settings of the transaction. Batches of an import turn hash joins off for their own
# statements; here every row has one partner, so without them the join would be the product of both sides.
RECORD_PRICE_CHANGES = """
CREATE FUNCTION public.record_price_changes() RETURNS trigger
LANGUAGE plpgsql SET enable_hashjoin = on AS $body$
DECLARE
  was text := CASE TG_OP WHEN 'UPDATE' THEN 'old_rows' ELSE '(SELECT (NULL::%1$I.%2$I).*)' END;
BEGIN
  EXECUTE format('
    INSERT INTO %1$I.price_changes (variant_id, cause, user_id, job_id, created_at, price_before, price_after,
      compare_at_price_before, compare_at_price_after, cost_before, cost_after, currency_before, currency_after)
    SELECT fresh.id, coalesce((SELECT job_type FROM public.jobs WHERE id = $1), ''edited''), $2, $1, $3,
      was.price, fresh.price, was.compare_at_price, fresh.compare_at_price, was.cost, fresh.cost,
      was.currency, fresh.currency
    FROM new_rows fresh LEFT JOIN ' || was || ' was ON was.id = fresh.id
    WHERE was.price IS DISTINCT FROM fresh.price OR was.compare_at_price IS DISTINCT FROM fresh.compare_at_price
      OR was.cost IS DISTINCT FROM fresh.cost OR was.id IS NOT NULL AND was.currency IS DISTINCT FROM fresh.currency
    ', TG_TABLE_SCHEMA, TG_TABLE_NAME)
  USING nullif(current_setting('app.job_id', true), '')::uuid,
    nullif(current_setting('app.user_id', true), '')::uuid,
    clock_timestamp();
  RETURN NULL;
END
$body$
"""


def upgrade() -> None:
    op.execute(RECORD_PRICE_CHANGES)


def downgrade() -> None:
    op.execute("DROP FUNCTION record_price_changes()")
