"""SQL that guards a shared table: grants and row-level security, forced even on the owner. Used by migrations."""

from app.core.config import get_settings
from app.core.tenancy import RowScope

_SETTING = {
    RowScope.TENANT: "nullif(current_setting('app.tenant_id', true), '')::bigint",
    RowScope.USER: "nullif(current_setting('app.user_id', true), '')::uuid",
}
_COLUMN = {RowScope.TENANT: "tenant_id", RowScope.USER: "user_id"}
READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"


def guard(
    table: str,
    row_scope: RowScope,
    *,
    column: str | None = None,
    app_grant: str = READ_WRITE,
    system_grant: str | None = None,
) -> list[str]:
    """The statements that grant a new table in public and, unless it is a platform table, put its rows behind policies.

    `system_grant` opens the table to the system role with a policy of its own; without it that role has no access.
    """
    settings = get_settings()
    app_role, system_role = settings.database_role_app, settings.database_role_system
    statements = [f'GRANT {app_grant} ON "{table}" TO "{app_role}"'] if app_grant else []
    if system_grant:
        statements.append(f'GRANT {system_grant} ON "{table}" TO "{system_role}"')
    if row_scope is RowScope.PLATFORM:
        return statements
    mine = f'"{column or _COLUMN[row_scope]}" = {_SETTING[row_scope]}'
    statements += [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY app_rows ON "{table}" TO "{app_role}" USING ({mine}) WITH CHECK ({mine})',
    ]
    if system_grant:
        statements.append(f'CREATE POLICY system_rows ON "{table}" TO "{system_role}" USING (true) WITH CHECK (true)')
    return statements
