"""Amounts in capitals: by the examples of the regulation, and every one of them can be read back."""

import re
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from soms.billing.paper import capitals
from soms.kit import money

WRITTEN: Final = {
    "0": "零元整",
    "0.05": "伍分",
    "0.50": "伍角",
    "1": "壹元整",
    "10.05": "壹拾元零伍分",
    "15.00": "壹拾伍元整",
    "100.05": "壹佰元零伍分",
    "1010.00": "壹仟零壹拾元整",
    "-88.8": "负捌拾捌元捌角",
    # 《支付结算办法》附一，十三。
    "1409.50": "壹仟肆佰零玖元伍角",
    "6007.14": "陆仟零柒元壹角肆分",
    "1680.32": "壹仟陆佰捌拾元零叁角贰分",
    "107000.53": "壹拾万柒仟元零伍角叁分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "325.04": "叁佰贰拾伍元零肆分",
    # Groups of four.
    "10000": "壹万元整",
    "10001": "壹万零壹元整",
    "100010000": "壹亿零壹万元整",
    "100005000": "壹亿零伍仟元整",
    "1050000000": "壹拾亿伍仟万元整",
    "1000000000000": "壹万亿元整",
    "1000100000000": "壹万零壹亿元整",
    "1000000000001": "壹万亿零壹元整",
    "9999999999999.99": "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
}
FEN: Final = {"分": 1, "角": 10, "元": 100}
PLACES: Final = {"拾": 10, "佰": 100, "仟": 1000}


def read(written: str) -> Decimal:
    """Read an amount in capitals as a cashier does: from left to right, a unit at a time."""
    sign = -1 if written.startswith("负") else 1
    fen = hundred_millions = myriads = below = digit = 0
    for character in written.removeprefix("负"):
        if character in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(character)
        elif character in PLACES:
            below, digit = below + digit * PLACES[character], 0
        elif character == "万":
            myriads, below, digit = below + digit, 0, 0
        elif character == "亿":
            hundred_millions, myriads, below, digit = myriads * 10**4 + below + digit, 0, 0, 0
        elif character in FEN:
            amount = hundred_millions * 10**8 + myriads * 10**4 + below + digit
            fen += amount * FEN[character]
            hundred_millions = myriads = below = digit = 0
        else:
            assert character == "整"
    return Decimal(sign * fen).scaleb(-2)


@pytest.mark.parametrize(("amount", "capital"), WRITTEN.items())
def test_amounts_are_written_as_the_regulation_does(amount: str, capital: str) -> None:
    written = capitals.rmb(Decimal(amount))

    assert written == capital


@given(st.integers(-money.LARGEST_UNITS, money.LARGEST_UNITS))
@example(0)
@example(money.LARGEST_UNITS)
def test_every_amount_can_be_read_back(fen: int) -> None:
    amount = money.of_units(fen, 2)

    written = capitals.rmb(amount)

    assert read(written) == amount


@given(st.lists(st.sampled_from("00005"), min_size=1, max_size=15).map(lambda digits: int("".join(digits))))
def test_zeros_are_never_two_and_stand_only_between_digits(fen: int) -> None:
    written = capitals.rmb(money.of_units(fen, 2))

    assert read(written) == money.of_units(fen, 2)
    assert written == "零元整" or not re.search("^零|零零|零[仟佰拾万亿元角分整]|零$", written)
    assert written.endswith("整") == (fen % 100 == 0)


def test_parts_of_a_fen_cannot_be_written() -> None:
    with pytest.raises(money.TooManyDigits):
        capitals.rmb(Decimal("0.001"))
