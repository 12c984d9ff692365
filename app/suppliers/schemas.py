"""What clients send to connect, change and sync suppliers, in ours and older spellings, and what they read of them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, JsonValue, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from app.core.pagination import PageQuery
from app.core.text import CleanJson, CleanStr
from app.jobs.schemas import JobAccepted
from app.sync.schemas import CONNECTION_ID, FULL, PRODUCTS, ModeField, RunView

ALL = "all"


def _printable(secret: SecretStr) -> SecretStr:
    # Secrets travel in headers, where a line break would begin another one.
    text = secret.get_secret_value()
    if not all("\x21" <= character <= "\x7e" for character in text):
        raise PydanticCustomError("not_printable", "must be printable ASCII without spaces")
    return secret


Secret = Annotated[SecretStr, Field(min_length=1, max_length=4000), AfterValidator(_printable)]
SecretName = Annotated[CleanStr, Field(pattern=r"^[a-z0-9_]{1,60}$")]
Name = Annotated[CleanStr, Field(min_length=1, max_length=200, pattern=r"\S", examples=["BigBuy, main account"])]
SettingName = Annotated[CleanStr, Field(min_length=1, max_length=100)]
Settings = Annotated[
    dict[SettingName, CleanJson],
    Field(
        max_length=50, description="By the vendor's schema in GET /suppliers/vendors.", examples=[{"language": "de"}]
    ),
]
Credentials = Annotated[
    dict[SecretName, Secret],
    Field(max_length=10, description="Never shown again.", examples=[{"api_key": "sandbox"}]),
]


class _WithCredentials(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    credentials: Credentials = Field(default={})
    api_key: Annotated[Secret | None, Field(description="The same as `credentials.api_key`.")] = None

    @model_validator(mode="after")
    def _say_it_once(self) -> Self:
        if self.api_key is not None and "api_key" in self.credentials:
            raise PydanticCustomError("contradiction", "give api_key or credentials.api_key, not both")
        return self

    def secrets(self) -> dict[str, str]:
        """All credentials, in clear."""
        given = {name: secret.get_secret_value() for name, secret in self.credentials.items()}
        return given if self.api_key is None else {**given, "api_key": self.api_key.get_secret_value()}


class SupplierConnect(_WithCredentials):
    """A supplier to connect. `environment` is the sandbox unless it says `live`, in production always `live`."""

    vendor: Annotated[
        CleanStr,
        Field(
            min_length=1,
            max_length=60,
            validation_alias=AliasChoices("vendor", "supplier_type"),
            description="A vendor's slug. Older spelling: `supplier_type`.",
            examples=["bigbuy"],
        ),
    ]
    name: Annotated[Name | None, Field(description="Unique in the tenant; the vendor's when absent.")] = None
    settings: Settings = Field(default={})
    environment: Literal["sandbox", "live"] | None = None


class SupplierChange(_WithCredentials):
    """What to change; what is absent stays. Of `settings` the named ones are replaced, and null takes one back to its
    default. New settings and credentials are tried at the vendor first; credentials connect a supplier anew.
    """

    name: Name | None = None
    settings: Settings | None = None
    paused: Annotated[bool | None, Field(description="true: no sync runs; false: they go on.")] = None


class SupplierSync(BaseModel):
    """Which supplier to sync, and what of it."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: Annotated[
        CleanStr, Field(min_length=1, max_length=60, description="Its id, or its vendor.", examples=[CONNECTION_ID])
    ]
    kind: Annotated[Literal["products", "stock", "all"], Field(description="`all`: the goods, then their stock.")] = (
        PRODUCTS
    )
    mode: ModeField = FULL


class SupplierSyncAccepted(JobAccepted):
    """The first job of a sync, and all of them."""

    jobs: list[JobAccepted] = Field(description="One per kind that was started.")


class VendorView(BaseModel):
    """A vendor that can be connected as a supplier."""

    vendor: str = Field(description="Its slug.", examples=["bigbuy"])
    label: str
    auth: Literal["none", "optional_key", "key", "oauth"] = Field(
        description="oauth: by GET /suppliers/{vendor}/authorize instead of credentials."
    )
    credentials: list[str] = Field(description="Names of the secrets it takes.", examples=[["api_key"]])
    settings_schema: dict[str, JsonValue] = Field(description="JSON schema of `settings`.")
    kinds: list[str] = Field(description="What can be synced.", examples=[["products", "stock"]])
    takes_orders: bool
    sandbox_credentials: dict[str, str] = Field(
        description="What the sandbox takes.", examples=[{"api_key": "sandbox"}]
    )
    documentation: str | None


class VendorList(BaseModel):
    """All vendors that can be connected as suppliers."""

    items: list[VendorView]


class SupplierView(BaseModel):
    """A connected supplier. Credentials are never shown."""

    id: UUID = Field(examples=[CONNECTION_ID])
    vendor: str
    vendor_label: str
    name: str
    environment: str
    status: str = Field(description="connected, needs_reauth, paused or failed.")
    account: str | None = Field(description="Whose account it is, where the vendor says so.")
    settings: dict[str, JsonValue]
    credentials: dict[str, str] = Field(examples=[{"api_key": "[redacted]"}])
    expires_at: datetime | None = Field(description="Until when the present token is good; it is renewed by itself.")
    reauth_needed_at: datetime | None = Field(
        description="When a person has to consent anew, as far as it is known; null: no end is known."
    )
    last_ok_at: datetime | None
    last_error: str | None
    last_error_code: str | None
    last_error_at: datetime | None
    created_at: datetime


class SupplierQuery(PageQuery):
    """Which suppliers to list."""

    vendor: Annotated[CleanStr | None, Field(max_length=60, description="Only of this vendor.")] = None


class Counts(BaseModel):
    """How much of the catalogue comes from a supplier."""

    products: int
    offers: int = Field(description="Variants that the supplier offers.")
    in_stock: int = Field(description="Offers with stock.")
    unknown_stock: int = Field(description="Offers of which the supplier does not say it.")


class Freshness(BaseModel):
    """How old our knowledge is."""

    products_read_at: datetime | None = Field(description="When a sync last read all goods.")
    stock_read_at: datetime | None = Field(description="When a sync last read all stock.")
    oldest_offer_seen_at: datetime | None
    newest_offer_seen_at: datetime | None


class SupplierStatus(SupplierView):
    """How a supplier stands."""

    health: Literal["ok", "never_synced", "failing", "waits_for_person", "paused"] = Field(
        description="failing: the last sync did not end well, or the vendor refused the last call."
    )
    is_running: bool
    next_run_at: datetime | None = Field(description="By the schedule that comes first; null without one.")
    last_run: RunView | None
    last_success: RunView | None
    runs: list[RunView] = Field(description="The last five, newest first.")
    counts: Counts
    freshness: Freshness


class SupplierDeleted(BaseModel):
    """The answer of disconnecting a supplier. Its goods stay, with the stock that was last told; its offers go."""

    id: UUID
    deleted: Literal[True] = True
    offers_removed: int
    products_kept: int


class ConsentQuery(BaseModel):
    """What to connect by a consent; with `supplier_id` it connects that supplier anew."""

    model_config = ConfigDict(extra="forbid")

    redirect_uri: Annotated[
        CleanStr | None, Field(max_length=500, description="The frontend's page that is sent `code` and `state`.")
    ] = None
    name: Name | None = None
    environment: Literal["sandbox", "live"] | None = None
    supplier_id: UUID | None = None


class ConsentCode(BaseModel):
    """What the vendor has sent the seller back with."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[CleanStr, Field(min_length=1, max_length=2000)]
    state: Annotated[CleanStr, Field(min_length=1, max_length=200)]


class ConsentBegun(BaseModel):
    """Where the seller's browser goes now."""

    authorize_url: str = Field(examples=["https://vendor.example/oauth/authorize?state=…"])
    expires_in: int = Field(description="Seconds until the consent must have come back.", examples=[600])
