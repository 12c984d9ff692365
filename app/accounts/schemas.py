"""What accounts read and answer over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, JsonValue, model_validator

from app.accounts.permissions import Role
from app.core.money import parse_currency
from app.core.passwords import MAX_BYTES
from app.core.text import CleanStr


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone such as UTC or Europe/Berlin")
    return name


Currency = Annotated[CleanStr, AfterValidator(parse_currency), Field(description="ISO 4217 code.", examples=["EUR"])]
Locale = Annotated[
    CleanStr,
    Field(
        max_length=20, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", description="Language tag.", examples=["de"]
    ),
]
Timezone = Annotated[
    CleanStr, AfterValidator(_known_timezone), Field(description="IANA time zone.", examples=["Europe/Berlin"])
]
Name = Annotated[CleanStr, Field(min_length=1, max_length=200, examples=["Robin Seller"])]
Password = Annotated[CleanStr, Field(max_length=MAX_BYTES, examples=["violet-anchor-drizzle"])]
Email = Annotated[EmailStr, Field(max_length=320, examples=["robin@example.com"])]
OpaqueToken = Annotated[CleanStr, Field(min_length=1, max_length=1024)]


class Body(BaseModel):
    """A request body: unknown fields are refused, and a value that failed never shows in a message."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _join_name(values: JsonValue) -> JsonValue:
    if not isinstance(values, dict):
        return values
    rest = dict(values)
    parts = [rest.pop(field, None) for field in ("first_name", "last_name")]
    full = rest.pop("full_name", None) or " ".join(part for part in parts if isinstance(part, str) and part)
    if full and rest.get("name") is None:
        rest["name"] = full
    return rest


class RegisterRequest(Body):
    """A new account. `first_name` + `last_name` or `full_name` are accepted for `name`."""

    email: Email
    password: Password
    name: Name | None = None
    account: Annotated[
        Literal["seller", "shopper"], Field(description="A seller gets a tenant of their own, a shopper none.")
    ] = "seller"
    role: Annotated[
        Literal["user", "admin"],
        Field(description="`admin` is honoured outside production while there is no administrator yet."),
    ] = "user"
    currency: Currency | None = None
    locale: Locale | None = None
    timezone: Timezone | None = None

    _names = model_validator(mode="before")(staticmethod(_join_name))


class LoginRequest(Body):
    email: Annotated[CleanStr, Field(min_length=1, max_length=320, examples=["robin@example.com"])]
    password: Password
    remember_me: Annotated[bool | None, Field(description="Accepted from older clients; changes nothing.")] = None


class TokenForm(Body):
    """The OAuth2 password form, with the fields that Swagger UI sends along."""

    username: Annotated[CleanStr, Field(min_length=1, max_length=320, description="The e-mail address.")]
    password: Password
    grant_type: Literal["password"] | None = None
    scope: str = ""
    client_id: str | None = None
    client_secret: str | None = None


class RefreshRequest(Body):
    refresh_token: OpaqueToken


class ChangePasswordRequest(Body):
    current_password: Password
    new_password: Password


class ProfileChange(Body):
    """What a person may change about themselves."""

    name: Name | None = None
    locale: Locale | None = None

    _names = model_validator(mode="before")(staticmethod(_join_name))


class SwitchTenantRequest(Body):
    tenant_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class MemberAdd(Body):
    """A person to add. Without an account under this address, `password` makes one for them."""

    email: Email
    role: Role
    name: Name | None = None
    password: Password | None = None


class MemberChange(Body):
    role: Role


class TenantView(BaseModel):
    """A tenant as one of its members sees it."""

    id: int
    name: str
    role: Role
    currency: str
    locale: str
    timezone: str


class UserView(BaseModel):
    """A person, the tenant in which this session acts (null for a shopper), and all tenants they belong to."""

    id: UUID
    email: str
    name: str | None
    locale: str
    is_admin: bool
    role: Annotated[Role | None, Field(description="The role in the present tenant.")]
    tenant_id: int | None
    tenant: TenantView | None
    tenants: list[TenantView]
    created_at: datetime
    updated_at: datetime


class TokenAnswer(BaseModel):
    """Send `access_token` as `Authorization: Bearer …`; exchange `refresh_token` at /auth/refresh, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a scheme, not a secret)
    expires_in: Annotated[int, Field(description="Seconds until the access token expires.", examples=[900])]
    user: UserView


class SessionView(BaseModel):
    """A login that has not ended."""

    id: UUID
    user_agent: str | None
    ip: str | None
    created_at: datetime
    last_used_at: datetime
    is_current: bool


class MemberView(BaseModel):
    """A member of the present tenant; `id` is the user's."""

    id: UUID
    email: str
    name: str | None
    role: Role
    created_at: datetime


class Ended(BaseModel):
    """What a logout or a revocation ended."""

    id: UUID | None
    deleted: Literal[True] = True
