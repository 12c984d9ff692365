"""Sources on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

LIMITS = ("shrink_share", "price_move", "price_share")


class SourceLimits(BaseModel):
    """What an import may do without asking, as shares of one. More than that, and its job waits for a person."""

    shrink_share: float = Field(description="The part of its products that a full import may archive.", examples=[0.25])
    price_move: float = Field(description="How far a price may move before it counts: 0.5 is by half.", examples=[0.5])
    price_share: float = Field(description="The part of the prices that may move farther than that.", examples=[0.25])
    least: int = Field(description="Fewer goods than this never ask; the installation's.", examples=[3])


class SourceView(BaseModel):
    """Where goods come from. Imports of one source take turns and update each other's goods."""

    id: UUID
    kind: Literal["upload", "feed", "connection"]
    name: str = Field(examples=["Summer catalogue"])
    connection_id: UUID | None = Field(description="Of a connection's source.")
    limits: SourceLimits = Field(description="In force: the source's own, else the installation's.")
    own_limits: dict[str, float] = Field(description="Those that the source has of its own.", examples=[{}])
    created_at: datetime
    updated_at: datetime


class SourceChange(BaseModel):
    """Limits of a source's own. What is left out stays; null gives one back to the installation. 1 = never ask."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"shrink_share": 0.5}]})

    shrink_share: Annotated[
        float | None, Field(ge=0, le=1, description="The part of its products that a full import may archive.")
    ] = None
    price_move: Annotated[
        float | None, Field(ge=0, le=1000, description="How far a price may move before it counts: 0.5 is by half.")
    ] = None
    price_share: Annotated[
        float | None, Field(ge=0, le=1, description="The part of the prices that may move farther than that.")
    ] = None
