"""What the product knows of a vendor before it talks to it: one descriptor per vendor folder, listed in the registry.
Roles are fields of the descriptor: a vendor that can list goods has a `source`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from app.core.config import Settings
from app.integrations.contracts.access import Access, CredentialsCheck, OAuth
from app.integrations.contracts.catalogue import CatalogueSource
from app.integrations.contracts.stock import StockSource
from app.integrations.contracts.supplier import Supplier

AuthKind = Literal["none", "optional_key", "key", "oauth"]
Environment = Literal["sandbox", "live"]
Role_co = TypeVar("Role_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls the vendor takes in how many seconds."""

    calls: int
    seconds: float


class Opener(Protocol[Role_co]):
    """Opens a vendor in one of its roles, for the duration of a block. Calls nothing yet."""

    def __call__(self, access: Access) -> AbstractAsyncContextManager[Role_co]: ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor as a connection sees it.

    `settings` is the form that a connection fills in (its JSON schema is what a frontend shows); `credentials` names
    the secrets it may bring. `sandbox_settings` are the values that lead to our sandbox instead of the vendor, and
    `sandbox_credentials` are those that it takes, for people who try. A role that the vendor has not is None.
    """

    slug: str
    label: str
    auth: AuthKind
    settings: type[BaseModel]
    sandbox_settings: Callable[[str], Mapping[str, JsonValue]]
    rate: Rate | None = None
    credentials: tuple[str, ...] = ()
    sandbox_credentials: Mapping[str, str] = field(default_factory=dict)
    documentation: str | None = None
    check: CredentialsCheck | None = None
    oauth: OAuth | None = None
    source: Opener[CatalogueSource] | None = None
    stock: Opener[StockSource] | None = None
    supplier: Opener[Supplier] | None = None

    def settings_for(self, app: Settings, environment: Environment, given: Mapping[str, JsonValue]) -> BaseModel:
        """The settings of a connection, checked; in the sandbox, whatever address was given, they lead there.

        Raises pydantic.ValidationError for a setting that is unknown, missing or wrong.
        """
        values = dict(given)
        if environment == "sandbox":
            values |= self.sandbox_settings(app.sandbox_url.rstrip("/"))
        return self.settings.model_validate(values)
