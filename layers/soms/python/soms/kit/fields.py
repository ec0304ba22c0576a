"""The kinds of field that requests have: exact decimals, quantities, texts, references."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

_DECIMAL = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,20})?")
MOST_QUANTITY = 1_000_000
RATE_DIGITS = 6


class Frozen(BaseModel):
    """A value of ours: never changed in place, lenient to what older versions stored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(BaseModel):
    """What a client says: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def wrong(code: str, english: str, chinese: str) -> PydanticCustomError:
    """Return the error of a field or model that carries its own code and words."""
    return PydanticCustomError("wrong", "wrong", {"code": code, "en": english, "zh": chinese})


def exact(value: object) -> Decimal:
    """Read a decimal from its text or an exact JSON number; anything else is `not_a_decimal`."""
    if isinstance(value, Decimal):
        text = format(value, "f")
    elif isinstance(value, bool) or not isinstance(value, (str, int)):
        text = ""
    else:
        text = str(value)
    if not _DECIMAL.fullmatch(text):
        raise PydanticCustomError("not_a_decimal", 'a decimal such as "12.34" is needed')
    return Decimal(text)


def _with_digits(value: Decimal, digits: int) -> Decimal:
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits:
        raise PydanticCustomError("too_many_digits", "at most {digits} decimal places", {"digits": digits})
    return value


def _price(value: object) -> Decimal:
    return _with_digits(exact(value), RATE_DIGITS)


def _day(value: object) -> object:
    if isinstance(value, (int, float, Decimal)):
        raise PydanticCustomError("date_type", "a day such as 2026-11-23 is needed")
    return value


def _plain(value: Decimal) -> str:
    return format(value, "f")


Amount = Annotated[Decimal, BeforeValidator(exact), PlainSerializer(_plain, when_used="json")]
"""An amount in a currency named beside it; its digits are checked where the currency is known."""

Price = Annotated[Decimal, BeforeValidator(_price), Field(ge=0), PlainSerializer(_plain, when_used="json")]
"""A unit price, up to six decimal places."""

Rate = Annotated[
    Decimal, BeforeValidator(_price), Field(ge=0, le=1), PlainSerializer(_plain, when_used="json")
]
"""A rate such as 0.13, up to six decimal places."""

Percent = Annotated[
    Decimal, BeforeValidator(_price), Field(ge=0, le=100), PlainSerializer(_plain, when_used="json")
]

Day = Annotated[date, BeforeValidator(_day)]
"""A day such as 2026-11-23; a number is none."""

Quantity = Annotated[int, Field(strict=True, ge=1, le=MOST_QUANTITY)]
Sku = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+&-]*$")]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=1000)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Reference(Request):
    """The name something has in another system; unique per source."""

    source: Code
    id: Annotated[str, Field(min_length=1, max_length=100)]
