"""What the product knows of a vendor before it talks to it: one descriptor per vendor folder, listed in the registry.
Roles are fields of the descriptor: a vendor that can list goods has a `source`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, JsonValue

from app.core.config import Settings
from app.integrations.contracts.catalogue import CatalogueSource

AuthKind = Literal["none", "optional_key", "key", "oauth"]
Environment = Literal["sandbox", "live"]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls the vendor takes in how many seconds."""

    calls: int
    seconds: float


class SourceMaker(Protocol):
    """Opens a vendor's catalogue."""

    def __call__(
        self, app: Settings, settings: BaseModel, credentials: Mapping[str, str]
    ) -> AbstractAsyncContextManager[CatalogueSource]:
        """A source for the duration of a block. `settings` is what `Vendor.settings_for` gave. Calls nothing yet."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor as a connection sees it.

    `settings` is the form that a connection fills in (its JSON schema is what a frontend shows); `credentials` names
    the secrets it may bring. `sandbox_settings` are the values that lead to our sandbox instead of the vendor.
    """

    slug: str
    label: str
    auth: AuthKind
    settings: type[BaseModel]
    sandbox_settings: Callable[[str], Mapping[str, JsonValue]]
    rate: Rate | None = None
    credentials: tuple[str, ...] = ()
    documentation: str | None = None
    source: SourceMaker | None = None

    def settings_for(self, app: Settings, environment: Environment, given: Mapping[str, JsonValue]) -> BaseModel:
        """The settings of a connection, checked; in the sandbox, whatever address was given, they lead there.

        Raises pydantic.ValidationError for a setting that is unknown, missing or wrong.
        """
        values = dict(given)
        if environment == "sandbox":
            values |= self.sandbox_settings(app.sandbox_url.rstrip("/"))
        return self.settings.model_validate(values)
