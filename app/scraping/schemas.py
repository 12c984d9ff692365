"""What clients send to start an import and what they read of its report."""

import json
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from app.core.pagination import PageQuery
from app.core.text import CleanStr
from app.intake.models import RowAction
from app.intake.sources import UPLOAD
from app.integrations.feeds.forms import Format
from app.jobs.schemas import ChangeView
from app.products import bounds


def _json_text(value: object) -> object:
    # Form fields are text; a mapping travels in one as a JSON object.
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("must be a JSON object of {column of the file: our field}") from None
    return value


MAPPING_COLUMNS = 300
MAPPING_EXAMPLE = '{"Artikelnummer": "sku", "Brutto-VK": "price"}'


# The same fields as a form has them in the API document.
CHOICE_FIELDS: dict[str, JsonValue] = {
    "format": {"type": "string", "enum": list(get_args(Format)), "default": "auto"},
    "mapping": {"type": "string", "description": "A JSON object.", "example": MAPPING_EXAMPLE},
    "mapping_id": {"type": "string", "format": "uuid", "description": "A saved mapping."},
    "mapping_name": {"type": "string", "description": "A saved mapping by its name."},
}


class FileChoice(BaseModel):
    """How a file shall be read, for imports and for looking at it before."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    format: Annotated[
        Format,
        Field(description="`auto` finds out by looking; the file's name is not trusted."),
    ] = "auto"
    mapping: Annotated[
        dict[CleanStr, CleanStr] | None,
        BeforeValidator(_json_text),
        Field(
            max_length=MAPPING_COLUMNS,
            description="Overrides of the proposed mapping, as a JSON object: {column of the file: our field}.",
            examples=[json.loads(MAPPING_EXAMPLE)],
        ),
    ] = None
    mapping_id: Annotated[
        UUID | None, Field(description="A saved mapping. `mapping` beside it wins for the columns it names.")
    ] = None
    mapping_name: Annotated[
        CleanStr | None, Field(max_length=200, description="A saved mapping by its name, instead of its id.")
    ] = None

    @model_validator(mode="after")
    def _name_one_mapping(self) -> Self:
        if self.mapping_id is not None and self.mapping_name is not None:
            raise PydanticCustomError("contradiction", "give mapping_id or mapping_name, not both")
        return self


class FeedForm(FileChoice):
    """The fields that may stand beside the file."""

    source: Annotated[
        CleanStr,
        Field(
            min_length=1,
            max_length=bounds.SOURCE_NAME,
            description="The feed that this file belongs to. Files of one name update each other's products.",
            examples=[UPLOAD, "Summer catalogue"],
        ),
    ] = UPLOAD
    mode: Annotated[
        Literal["partial", "full"],
        Field(
            description="`partial` never touches products that the file does not name. `full` archives those that came"
            " from this source and that the file does not name any more; they come back when a later file names them."
        ),
    ] = "partial"
    dry_run: Annotated[
        bool,
        Field(description="Write the report with every difference and change nothing: a preview of the same import."),
    ] = False
    remember_mapping: Annotated[
        bool, Field(description="Let the source use the saved mapping by itself from now on, once this import went in.")
    ] = False

    @model_validator(mode="after")
    def _remember_what_is_named(self) -> Self:
        if self.remember_mapping and self.mapping_id is None and self.mapping_name is None:
            message = "remember_mapping needs mapping_id or mapping_name: save the mapping first"
            raise PydanticCustomError("mapping_not_named", message)
        return self


Address = Annotated[
    CleanStr,
    Field(
        min_length=1,
        max_length=4096,
        validation_alias=AliasChoices("url", "feed_url"),
        description="Where the file lies: a public http(s) address without a user name or password in it.",
        examples=["https://feeds.example.com/products.csv"],
    ),
]


class FeedByUrl(FeedForm):
    """A feed that lies at an address."""

    url: Address


class ReportRow(BaseModel):
    """What became of one row. `line` counts from 1 and includes the header."""

    model_config = ConfigDict(from_attributes=True)

    line: int | None = Field(description="Null for archived goods, which stand on no line of the file.")
    action: RowAction = Field(description="Of a preview: what would become of it.")
    external_id: str | None = Field(description="What the source calls the product.")
    product_id: UUID | None = Field(description="Null for what a preview would create.")
    code: str | None = Field(description="Why, for rejected rows and warnings: a stable name.")
    message: str | None = Field(description="Why, in words that name the column, the value and the mend.")
    raw: dict[str, JsonValue] | None = Field(description="The cells of a rejected row.")
    changes: list[ChangeView] = Field(
        default=[], description="Before and after of every field, the first 200 of a product; more at /jobs/{id}/items."
    )


class ReportQuery(PageQuery):
    """How to read a report."""

    format: Annotated[
        Literal["json", "csv"],
        Field(description="`csv`: the rejected rows with their reasons; correct them and upload the file again."),
    ] = "json"
    action: Annotated[RowAction | None, Field(description="Only rows of this fate.")] = None
