"""Routes under /auth: registering, logging in and out, tokens, the own profile, sessions, members."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response, status

from app.accounts import credentials, errors, members, profile, registration, sessions
from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.dependencies import TenantSession, public, require, use_authenticator
from app.accounts.permissions import Permission
from app.accounts.schemas import (
    ChangePasswordRequest,
    Ended,
    LoginRequest,
    MemberAdd,
    MemberChange,
    MemberView,
    ProfileChange,
    RefreshRequest,
    RegisterRequest,
    SessionView,
    SwitchTenantRequest,
    TokenAnswer,
    TokenForm,
    UserView,
)
from app.accounts.sessions import Client, to_token_answer
from app.core.pagination import Page, PageQuery, page_response
from app.core.problems import problems
from app.core.ratelimit import client_address

router = APIRouter(prefix="/auth", tags=["auth"])

Accounts = Annotated[Authenticator, Depends(use_authenticator)]
Caller = Annotated[Actor, Depends(require())]
MemberReader = Annotated[Actor, Depends(require(Permission.MEMBERS_READ))]
MemberWriter = Annotated[Actor, Depends(require(Permission.MEMBERS_WRITE))]


async def describe_client(request: Request, accounts: Accounts) -> Client:
    """From where this request comes."""
    return Client(request.headers.get("user-agent"), client_address(request.scope, accounts.settings))


FromClient = Annotated[Client, Depends(describe_client)]


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    responses=problems(errors.EmailTaken, errors.WeakPassword, errors.AdminNotAllowed),
)
@public
async def register(body: RegisterRequest, accounts: Accounts, client: FromClient) -> TokenAnswer:
    """Make an account and log it in. A seller gets a tenant: a workspace with its own catalogue."""
    return to_token_answer(accounts, await registration.register(accounts, body, client))


@router.post(
    "/login",
    responses=problems(errors.InvalidCredentials, errors.AccountDisabled, errors.TooManyFailedLogins),
)
@public
async def login(body: LoginRequest, accounts: Accounts, client: FromClient) -> TokenAnswer:
    """Log in with e-mail address and password."""
    opened = await credentials.log_in(accounts, email=body.email, password=body.password, client=client)
    return to_token_answer(accounts, opened)


@router.post(
    "/token",
    responses=problems(errors.InvalidCredentials, errors.AccountDisabled, errors.TooManyFailedLogins),
)
@public
async def create_token(form: Annotated[TokenForm, Form()], accounts: Accounts, client: FromClient) -> TokenAnswer:
    """Log in by the OAuth2 password form; what the Authorize button of Swagger UI sends. `username` is the e-mail."""
    opened = await credentials.log_in(accounts, email=form.username, password=form.password, client=client)
    return to_token_answer(accounts, opened)


@router.post(
    "/refresh",
    responses=problems(errors.RefreshTokenInvalid, errors.RefreshTokenReused, errors.AccountDisabled),
)
@public
async def refresh_token(body: RefreshRequest, accounts: Accounts) -> TokenAnswer:
    """Exchange a refresh token for new tokens. Each is good for one exchange; asked again within ten seconds it gives
    the same successor, later its reuse ends the session.
    """
    return to_token_answer(accounts, await sessions.refresh(accounts, body.refresh_token))


@router.post("/logout", responses=problems(errors.SessionEnded))
async def logout(actor: Caller, accounts: Accounts) -> Ended:
    """End this session: its access tokens and its refresh token are refused from now on."""
    await sessions.log_out(accounts, actor)
    return Ended(id=actor.session_id)


@router.get("/me")
async def get_me(actor: Caller, accounts: Accounts) -> UserView:
    """The caller, the tenant in which this session acts, and all their tenants."""
    return await profile.get_profile(accounts, actor)


@router.patch("/me")
async def update_me(body: ProfileChange, actor: Caller, accounts: Accounts) -> UserView:
    """Change the fields that the body names."""
    return await profile.change_profile(accounts, actor, body)


@router.post("/change-password", responses=problems(errors.CurrentPasswordWrong, errors.WeakPassword))
async def change_password(body: ChangePasswordRequest, actor: Caller, accounts: Accounts) -> UserView:
    """Replace the password; all other sessions of this account end."""
    await credentials.change_password(accounts, actor, current=body.current_password, new=body.new_password)
    return await profile.get_profile(accounts, actor)


@router.post("/switch-tenant", responses=problems(errors.TenantNotFound))
async def switch_tenant(
    body: SwitchTenantRequest, actor: Caller, accounts: Accounts, client: FromClient
) -> TokenAnswer:
    """Open a session in another tenant of the caller's; the present one goes on."""
    return to_token_answer(accounts, await sessions.switch_tenant(accounts, actor, body.tenant_id, client))


@router.get("/sessions", response_model=Page[SessionView])
async def list_sessions(query: Annotated[PageQuery, Query()], actor: Caller, session: TenantSession) -> Response:
    """The caller's logins that have not ended, the newest first."""
    return page_response(await sessions.list_sessions(session, actor, query), query, SessionView)


@router.delete("/sessions/{session_id}", responses=problems(errors.SessionNotFound))
async def end_session(session_id: UUID, actor: Caller, accounts: Accounts) -> Ended:
    """End one of the caller's logins, wherever it is."""
    await sessions.end_session(accounts, actor, session_id)
    return Ended(id=session_id)


@router.get("/members", response_model=Page[MemberView])
async def list_members(query: Annotated[PageQuery, Query()], actor: MemberReader, accounts: Accounts) -> Response:
    """The members of the present tenant."""
    return page_response(await members.list_members(accounts, actor, query), query, MemberView)


@router.post(
    "/members",
    status_code=status.HTTP_201_CREATED,
    responses=problems(errors.AlreadyMember, errors.NoSuchAccount, errors.WeakPassword),
)
async def add_member(body: MemberAdd, actor: MemberWriter, accounts: Accounts) -> MemberView:
    """Make a person a member of the present tenant."""
    return await members.add_member(accounts, actor, body)


@router.patch("/members/{user_id}", responses=problems(errors.MemberNotFound, errors.LastOwner))
async def change_member(user_id: UUID, body: MemberChange, actor: MemberWriter, accounts: Accounts) -> MemberView:
    """Give a member another role; it counts from their next request on."""
    return await members.change_role(accounts, actor, user_id, body.role)


@router.delete("/members/{user_id}", responses=problems(errors.MemberNotFound, errors.LastOwner))
async def remove_member(user_id: UUID, actor: MemberWriter, accounts: Accounts) -> Ended:
    """Take a person out of the present tenant; their account stays."""
    await members.remove_member(accounts, actor, user_id)
    return Ended(id=user_id)
