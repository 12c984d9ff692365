"""Extensions, roles, and the function that makes a tenant's schema."""

from alembic import op
from app.core.config import get_settings

revision = "s0001"
down_revision = None
branch_labels = None
depends_on = None

PROVISION = """
CREATE FUNCTION public.provision_tenant(tenant bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
DECLARE
  schema_name text := 'user_' || tenant;
  statements text;
BEGIN
  IF tenant IS NULL OR tenant <= 0 THEN
    RAISE EXCEPTION 'not a tenant id: %', tenant;
  END IF;
  SELECT ddl INTO STRICT statements FROM public.tenant_ddl ORDER BY stored_at DESC, revision DESC LIMIT 1;
  EXECUTE format('CREATE SCHEMA %I', schema_name);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO @app@, @system@', schema_name);
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO @app@,
  @system@', schema_name);
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO @app@, @system@', schema_name);
  PERFORM set_config('search_path', format('%I, public', schema_name), true);
  EXECUTE statements;
END
$body$
"""

# What search sees of a text: its words without accents and case, cut at every mark whatever the database's locale,
# and numbers like GTINs without their leading zeros. Documents and queries go through the same cutting, so nothing
# typed is ever an operator. IMMUTABLE is ours to promise: unaccent's rules come with the extension.
SEARCH = (
    r"""
CREATE FUNCTION public.search_words(value text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $body$
BEGIN
  RETURN array_remove(string_to_array(regexp_replace(regexp_replace(
    lower(public.unaccent('public.unaccent', value)),
    '[\u0001-/:-@\u005b-`{-\u00bf\u00d7\u00f7\u2000-\u206f\u2e00-\u2e7f\u3000-\u303f]+', ' ', 'g'),
    '(^| )0+([0-9]{5,13})(?=$| )', '\1\2', 'g'), ' '), '');
END
$body$
""",
    """
CREATE FUNCTION public.search_document(title text, brand text, tags text[], codes text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
BEGIN
  RETURN array_to_tsvector(public.search_words(concat_ws(' ', title, brand, array_to_string(tags, ' '),
    array_to_string(codes, ' '))));
END
$body$
""",
    """
CREATE FUNCTION public.search_query(value text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $body$
DECLARE
  words text := array_to_string(public.search_words(value), $$' & '$$);
BEGIN
  RETURN CASE WHEN words <> '' THEN concat($$'$$, words, $$':*$$)::tsquery END;
END
$body$
""",
)

# Only the owner of a table may gather its statistics, so the application asks by this function, for its own tenant.
ANALYZE = """
CREATE FUNCTION public.analyze_tables(VARIADIC names text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY names LOOP
    EXECUTE format('ANALYZE %I.%I', 'user_' || current_setting('app.tenant_id')::bigint, name);
  END LOOP;
END
$body$
"""


def _role(name: str) -> str:
    # A database may share its cluster with another installation, so the role may exist already.
    return f"""
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
        CREATE ROLE "{name}" NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
      END IF;
      IF NOT pg_has_role(current_user, '{name}', 'MEMBER') THEN
        EXECUTE format('GRANT "{name}" TO %I', current_user);
      END IF;
    END $$
    """


def upgrade() -> None:
    settings = get_settings()
    app_role, system_role = settings.database_role_app, settings.database_role_system
    for extension in ("pg_trgm", "unaccent", "btree_gin"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
    for role in (app_role, system_role):
        op.execute(_role(role))
        op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("""
        CREATE TABLE tenant_ddl (
          revision text CONSTRAINT pk_tenant_ddl PRIMARY KEY,
          ddl text NOT NULL,
          stored_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute(PROVISION.replace("@app@", f'"{app_role}"').replace("@system@", f'"{system_role}"'))
    for statement in SEARCH:
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION provision_tenant(bigint) FROM PUBLIC")
    op.execute(f'GRANT EXECUTE ON FUNCTION provision_tenant(bigint) TO "{system_role}"')
    op.execute(ANALYZE)
    op.execute("REVOKE ALL ON FUNCTION analyze_tables(text[]) FROM PUBLIC")
    op.execute(f'GRANT EXECUTE ON FUNCTION analyze_tables(text[]) TO "{app_role}"')


def downgrade() -> None:
    op.execute("DROP FUNCTION analyze_tables(text[])")
    op.execute("DROP FUNCTION search_query(text), search_document(text, text, text[], text[]), search_words(text)")
    op.execute("DROP FUNCTION provision_tenant(bigint)")
    op.execute("DROP TABLE tenant_ddl")
