"""Connecting a supplier by a consent at the vendor: begun here, ended with the code that the vendor sends back."""

from urllib.parse import urlsplit

from app.accounts import tenants
from app.accounts.actor import Actor
from app.connections import connecting, consent
from app.connections.connecting import Wanted
from app.connections.consent import Begun
from app.connections.errors import RedirectRefused
from app.core.config import Settings
from app.core.database import Sessions
from app.suppliers import connect, offered, reads, repository
from app.suppliers.schemas import ConsentBegun, ConsentCode, ConsentQuery, SupplierView


async def begin(sessions: Sessions, app: Settings, actor: Actor, slug: str, query: ConsentQuery) -> ConsentBegun:
    """Begin a consent of this user."""
    vendor = offered.get_vendor(slug)
    redirect_uri = query.redirect_uri or f"{app.public_url}/api/v1/suppliers/{slug}/callback"
    _refuse_stranger(app, redirect_uri)
    async with sessions.begin() as session:
        settings, environment = {}, query.environment or connect.default_environment(app)
        if query.supplier_id is not None:
            known = await repository.get_supplier(session, query.supplier_id, [slug])
            settings, environment = dict(known.settings), "live" if known.environment == "live" else "sandbox"
        locale = await tenants.get_locale(session, actor.tenant_id or 0)
        wanted = Wanted(vendor, environment, settings, {}, locale, query.name)
        connecting.check_form(app, wanted, by_consent=True)
        address = await consent.begin(session, app, actor, Begun(wanted, redirect_uri, query.supplier_id))
    return ConsentBegun(authorize_url=address, expires_in=round(consent.GOOD_FOR.total_seconds()))


async def end(sessions: Sessions, app: Settings, actor: Actor, slug: str, sent: ConsentCode) -> SupplierView:
    """End a consent: the state is spent first, then the code is exchanged, then the connection is stored."""
    async with sessions.begin() as session:
        begun = await consent.take(session, actor, slug, sent.state)
    checked = await consent.exchange(app, begun, sent.code)
    async with sessions.begin() as session:
        if begun.connection_id is None:
            made = await connect.store(session, app, actor.tenant_id or 0, checked)
        else:
            made = await repository.lock_supplier(session, begun.connection_id, [slug])
            await connecting.replace_access(session, app, made, checked)
            await session.refresh(made)
        return await reads.get_view(session, made)


def _refuse_stranger(app: Settings, address: str) -> None:
    ours = {_origin(app.public_url), *map(_origin, app.cors_origins)}
    if _origin(address) not in ours:
        raise RedirectRefused(f"redirect_uri: {address[:200]!r} lies outside this installation and its frontends.")


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc
