"""Amounts of RMB in Chinese capitals (大写金额), as bills and receipts write them."""

from decimal import Decimal
from typing import Final

from soms.kit import money

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("仟", "佰", "拾", "")
_MYRIAD: Final = 10**4
_HUNDRED_MILLION: Final = 10**8


def rmb(amount: Decimal) -> str:
    """Write an amount of yuan, such as 100.05, in capitals, such as `壹佰元零伍分`.

    By 《支付结算办法》 appendix 1: zeros between digits are one `零`, none is written where a group of four
    ends in zeros and the next begins with a digit, one stands between `元` and what follows a zero, and `整`
    ends what has no jiao and no fen.
    """
    total = money.units(amount, 2)
    yuan, rest = divmod(abs(total), 100)
    jiao, fen = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan or not rest else ""
    gap = _DIGITS[0] if yuan and rest and not (yuan % 10 and jiao) else ""
    parts = [f"{_DIGITS[count]}{unit}" for count, unit in ((jiao, "角"), (fen, "分")) if count]
    return ("负" if total < 0 else "") + whole + gap + ("".join(parts) or "整")


def _whole(number: int) -> str:
    """Write a whole number; the hundred millions are a number of their own."""
    if number < _MYRIAD:
        return _four(number) or _DIGITS[0]
    unit, name = (_HUNDRED_MILLION, "亿") if number >= _HUNDRED_MILLION else (_MYRIAD, "万")
    high, low = divmod(number, unit)
    begins_lower = _DIGITS[0] if 0 < low < unit // 10 else ""
    return _whole(high) + name + begins_lower + (_whole(low) if low else "")


def _four(number: int) -> str:
    """Write up to four digits: a run of zeros inside is one `零`, outside it is nothing."""
    written, is_gap = "", False
    for digit, place in zip(f"{number:04d}", _PLACES, strict=True):
        if digit == "0":
            is_gap = bool(written)
            continue
        written += (_DIGITS[0] if is_gap else "") + _DIGITS[int(digit)] + place
        is_gap = False
    return written
