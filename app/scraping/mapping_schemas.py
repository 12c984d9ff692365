"""What clients send and read about saved mappings, and the list of our fields that a column can be mapped to."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.pagination import PageQuery
from app.core.text import CleanStr
from app.integrations.contracts.feed import DecimalMark
from app.integrations.feeds import fields
from app.products.wire import Currency

COLUMNS = 300
COLUMN_NAME = 200
COLUMNS_EXAMPLE = {"Artikelnummer": "sku", "Bezeichnung": "title", "Brutto-VK": "price"}
FileFormat = Literal["csv", "tsv", "xml", "json", "ndjson", "xlsx"]


def _known_fields(columns: dict[str, str]) -> dict[str, str]:
    """Refuses fields that do not exist or stand twice; other spellings become ours."""
    ours = {column: fields.ALIASES.get(field, field) or "ignore" for column, field in columns.items()}
    taken: dict[str, str] = {}
    for column, field in ours.items():
        if field not in fields.KINDS:
            message = "column '{column}' is sent to '{field}', which is none of our fields; GET /scraping/fields"
            raise PydanticCustomError("field_unknown", message, {"column": column[:60], "field": field[:60]})
        first = taken.setdefault(field, column)
        if first != column and field not in fields.REPEATABLE:
            message = "the columns '{first}' and '{column}' are both sent to '{field}'; keep one"
            raise PydanticCustomError(
                "field_twice", message, {"first": first[:60], "column": column[:60], "field": field}
            )
    return ours


ColumnName = Annotated[CleanStr, Field(min_length=1, max_length=COLUMN_NAME)]
ColumnMap = Annotated[
    dict[ColumnName, Annotated[CleanStr, Field(max_length=60)]],
    Field(
        min_length=1,
        max_length=COLUMNS,
        description="{column of the file: our field}. The fields are listed at GET /scraping/fields; `ignore` drops a "
        "column, `attribute` keeps it under its own name. Columns that are not named keep their proposal.",
        examples=[COLUMNS_EXAMPLE],
    ),
    AfterValidator(_known_fields),
]
MappingName = Annotated[
    CleanStr, AfterValidator(str.strip), Field(min_length=1, max_length=200, examples=["Price list of Nordlicht"])
]
HeaderHash = Annotated[
    CleanStr,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="Of the file that the mapping was made for, as inspecting it answers: the mapping is then proposed "
        "for files with the same columns.",
        examples=["3f6a5a1b2c4d0199c6d27f1e7d529c3a3f6a5a1b2c4d0199c6d27f1e7d529c3a"],
    ),
]
_COLUMNS_ALIASES = AliasChoices("columns", "mapping", "mapping_config")


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    default_currency: Annotated[
        Currency | None,
        Field(
            description="For prices without a currency; without it, the one that the file's others name, else yours."
        ),
    ] = None
    decimal_mark: Annotated[
        DecimalMark | None, Field(description="How the file writes decimals; without it, every column is looked at.")
    ] = None
    format: Annotated[FileFormat | None, Field(description="The form of file that it is for; without it, any.")] = None
    header_hash: HeaderHash | None = None


class MappingCreate(_Terms):
    """A mapping to save."""

    name: MappingName
    columns: Annotated[ColumnMap, Field(validation_alias=_COLUMNS_ALIASES)]


class MappingChange(_Terms):
    """The fields of a mapping to change; what is absent stays. `columns` is replaced as a whole."""

    name: MappingName | None = None
    columns: Annotated[ColumnMap | None, Field(validation_alias=_COLUMNS_ALIASES)] = None

    @model_validator(mode="after")
    def _keep_what_it_is(self) -> Self:
        for name in ("name", "columns"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("not_clearable", "{name} cannot be null", {"name": name})
        return self


class MappingView(BaseModel):
    """A saved mapping. `sources` are the feeds that use it by themselves."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    columns: dict[str, str]
    default_currency: str | None
    decimal_mark: str | None
    format: str | None
    header_hash: str | None
    sources: list[str] = Field(default_factory=list)
    version: int
    created_at: datetime
    updated_at: datetime


class MappingQuery(PageQuery):
    """Filters of the list of mappings."""

    header_hash: HeaderHash | None = None


class MappingDeleted(BaseModel):
    """The answer of deleting a mapping."""

    id: UUID
    deleted: Literal[True] = True


class FieldView(BaseModel):
    """One of our fields, for a screen on which columns are mapped."""

    name: str
    kind: Annotated[str, Field(description="How its cells are read: text, price, count or weight.")]
    title: str
    description: str
    repeatable: Annotated[bool, Field(description="Whether several columns may be sent to it.")]
    spellings: Annotated[list[str], Field(description="Other names that are accepted for it.")]


class FieldList(BaseModel):
    """All fields that a column can be mapped to."""

    items: list[FieldView]
