"""How a product's values look on the wire, once in Python (pydantic types) and once in SQL (JSON made by PostgreSQL).

Both must say the same: tests/products/test_parity.py holds them together. Money: a decimal string with at least two
decimals and no zero beyond them (`12.00`, `12.50`, `0.125`). Times: UTC, always with microseconds and `Z`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.core.money import UnknownCurrency, parse_currency
from app.core.text import CleanStr
from app.integrations.feeds.gtin import read_gtin
from app.products import bounds

_MONEY_TEXT = {"type": "string", "pattern": r"^\d{1,14}\.\d{2,4}$", "examples": ["12.50"]}


def money_text(amount: Decimal) -> str:
    """An amount as the wire shows it."""
    text = f"{amount:.4f}"
    return text[:-2] if text.endswith("00") else text.removesuffix("0")


def timestamp_text(moment: datetime) -> str:
    """A time as the wire shows it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _decimal_of(value: object) -> object:
    # A JSON number has gone through a float; its shortest spelling is what the client wrote.
    return repr(value) if isinstance(value, float) else value


def _known_currency(code: str) -> str:
    try:
        return parse_currency(code)
    except UnknownCurrency as unknown:
        raise PydanticCustomError("currency_unknown", "{message}", {"message": str(unknown)}) from None


def _valid_gtin(text: str) -> str:
    reading = read_gtin(text)
    if reading.gtin is None:
        message = reading.problem[1] if reading.problem else f"{text!r} is no number of the global article system"
        raise PydanticCustomError("gtin_invalid", "{message}", {"message": message})
    return reading.gtin


Money = Annotated[Decimal, PlainSerializer(money_text), WithJsonSchema(_MONEY_TEXT)]
"""An amount in an answer."""

MoneyInput = Annotated[
    Decimal,
    BeforeValidator(_decimal_of),
    Field(ge=0, le=bounds.PRICE, decimal_places=4, allow_inf_nan=False, examples=["12.50"]),
]
"""An amount in a request: a decimal string, or a number."""

Timestamp = Annotated[
    datetime, PlainSerializer(timestamp_text), WithJsonSchema({"type": "string", "format": "date-time"})
]
Currency = Annotated[CleanStr, AfterValidator(_known_currency), Field(examples=["EUR"])]
Gtin = Annotated[CleanStr, Field(max_length=30, examples=["4006381333931"]), AfterValidator(_valid_gtin)]


def text_json(sql: str) -> str:
    """SQL of a nullable text, number or array as JSON."""
    return f"coalesce(to_json({sql})::text, 'null')"


def plain_json(sql: str) -> str:
    """SQL of a value that is never null and whose own text is JSON: integers and jsonb."""
    return sql


def word_json(sql: str) -> str:
    """SQL of a text that is never null and needs no escaping, such as an id: quoted, not looked at."""
    return f"""'"', {sql}, '"'"""


def money_json(sql: str) -> str:
    """SQL of a nullable amount as JSON."""
    return f"""coalesce('"' || to_char({sql}, 'FM99999999999990.0099') || '"', 'null')"""


def timestamp_json(sql: str) -> str:
    """SQL of a time that is never null as JSON."""
    return f"""to_char({sql} AT TIME ZONE 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""')"""


def object_json(fields: Mapping[str, str]) -> str:
    """SQL of a JSON object from the SQL of its members. concat() costs half of json_build_object()."""
    parts = [f"""'{"," if number else "{"}"{name}":', {sql}""" for number, (name, sql) in enumerate(fields.items())]
    return f"concat({', '.join(parts)}, '}}')"


def array_json(rows: str) -> str:
    """SQL of a JSON array from a SELECT of one column of JSON texts."""
    return f"concat('[', array_to_string(ARRAY({rows}), ','), ']')"
