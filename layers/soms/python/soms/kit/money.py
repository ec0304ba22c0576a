"""Money: currencies and their digits, limits, half-up rounding, splitting; in any decimal context."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow
from math import lcm
from typing import Final

PRICE_DIGITS: Final = 6
LARGEST_UNITS: Final = 10**15 - 1

# ISO 4217 codes in use that have a minor unit; metals, baskets of currencies and test codes have none.
_TWO: Final = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
    VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_DIGITS: Final = {
    code: digits
    for codes, digits in ((_TWO, 2), (_NONE, 0), (_THREE, 3), (_FOUR, 4))
    for code in codes.split()
}

EXACT: Final = Context(prec=60, Emax=60, Emin=-60, traps=[InvalidOperation, Overflow, Inexact])
_HALF_UP: Final = Context(prec=60, Emax=60, Emin=-60, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


class UnknownCurrency(ValueError):
    """The code is not one of an ISO 4217 currency in use that has a minor unit."""


class NotANumber(ValueError):
    """The value is NaN."""


class TooManyDigits(ValueError):
    """The value has more decimals than are allowed; it is never rounded silently."""


class TooLarge(ValueError):
    """The value is beyond the limit of amounts."""


class MoreThanTheWhole(ValueError):
    """More was asked for than there is, or less than nothing."""


def known(currency: str) -> bool:
    """Tell whether the code is one of an ISO 4217 currency in use that has a minor unit."""
    return currency in _DIGITS


def exponent(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217), or raise UnknownCurrency."""
    try:
        return _DIGITS[currency]
    except KeyError:
        message = "the currency is not an ISO 4217 code in use"
        raise UnknownCurrency(message) from None


def rounded(value: Decimal, currency: str) -> Decimal:
    """Round half up, away from zero, to the currency's digits; zero has no sign."""
    if value.is_nan():
        raise _not_a_number()
    try:
        result = _HALF_UP.quantize(value, EXACT.scaleb(1, -exponent(currency)))
    except InvalidOperation:
        raise _too_large() from None
    return result or result.copy_abs()


def amount(value: Decimal, currency: str) -> Decimal:
    """Return the value with exactly the currency's digits.

    Raises TooManyDigits if it is written with more of them, zeros included, and TooLarge beyond 15 digits.
    """
    digits = exponent(currency)
    written = value.as_tuple().exponent
    if isinstance(written, int) and written < -digits:
        raise _too_many(digits)
    whole = units(value, digits)
    within_limit(whole)
    return of_units(whole, digits)


def text(value: Decimal, currency: str) -> str:
    """Write an amount with exactly the currency's digits, or raise TooManyDigits if that would round it."""
    digits = exponent(currency)
    return f"{of_units(units(value, digits), digits):f}"


def price_text(value: Decimal, currency: str) -> str:
    """Write a unit price with at least the currency's digits and at most six, or raise TooManyDigits."""
    written = f"{of_units(units(value, PRICE_DIGITS), PRICE_DIGITS):f}"
    least = len(written) - PRICE_DIGITS + exponent(currency)
    return (written[:least] + written[least:].rstrip("0")).rstrip(".")


def allocate(total: Decimal, weights: Sequence[Decimal], digits: int) -> tuple[Decimal, ...]:
    """Split a total in proportion to weights, to the minor unit (largest remainder, ties to the earlier).

    A weight of 0 gets 0, weights that are all 0 share equally, a negative total mirrors the positive one.
    """
    ratios = [weight.as_integer_ratio() for weight in weights]
    common = lcm(*(denominator for _, denominator in ratios))
    whole = split(
        units(total, digits), [numerator * (common // denominator) for numerator, denominator in ratios]
    )
    return tuple(of_units(share, digits) for share in whole)


def part(total: Decimal, quantity: int, given_quantity: int, taken: int, digits: int) -> Decimal:
    """Return what `taken` more of `quantity` are worth after `given_quantity`; all parts add up to the total.

    Raises MoreThanTheWhole unless 0 ≤ given_quantity ≤ given_quantity + taken ≤ quantity.
    """
    if quantity < 1 or not 0 <= given_quantity <= given_quantity + taken <= quantity:
        message = f"{given_quantity} and {taken} more are not a part of {quantity}"
        raise MoreThanTheWhole(message)
    whole = units(total, digits)
    before = divided(whole * given_quantity, quantity)
    return of_units(divided(whole * (given_quantity + taken), quantity) - before, digits)


def units(value: Decimal, digits: int) -> int:
    """Return value × 10^digits, or raise TooManyDigits, TooLarge or NotANumber."""
    try:
        scaled = EXACT.scaleb(value, digits)
        whole = int(scaled)
    except (Overflow, OverflowError):
        raise _too_large() from None
    except Inexact:
        raise _too_many(digits) from None
    except (InvalidOperation, ValueError):
        raise _not_a_number() from None
    if whole != scaled:
        raise _too_many(digits)
    return whole


def of_units(whole: int, digits: int) -> Decimal:
    """Return whole ÷ 10^digits with exactly that many digits."""
    return EXACT.scaleb(whole, -digits)


def within_limit(whole: int) -> None:
    """Raise TooLarge for an amount of more minor units than 15 digits can say, in any currency."""
    if abs(whole) > LARGEST_UNITS:
        raise _too_large()


def divided(dividend: int, divisor: int) -> int:
    """Return the quotient by a positive divisor, rounded half up, away from zero."""
    quotient = (2 * abs(dividend) + divisor) // (2 * divisor)
    return quotient if dividend >= 0 else -quotient


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split minor units by weights as `allocate` does, or raise ValueError for weights that cannot."""
    if (total and not weights) or min(weights, default=0) < 0:
        message = "an amount is split by at least one weight, and none is negative"
        raise ValueError(message)
    whole = sum(weights)
    if not whole:
        weights = [1] * len(weights)
        whole = len(weights)
    pairs = [divmod(abs(total) * weight, whole) for weight in weights]
    shares = [floor for floor, _ in pairs]
    left = abs(total) - sum(shares)
    for index in sorted(range(len(pairs)), key=lambda index: -pairs[index][1])[:left] if left else ():
        shares[index] += 1
    return shares if total >= 0 else [-share for share in shares]


def _not_a_number() -> NotANumber:
    return NotANumber("the value is not a number")


def _too_many(digits: int) -> TooManyDigits:
    return TooManyDigits(f"the value has more than {digits} decimals")


def _too_large() -> TooLarge:
    return TooLarge("the value has more than 15 digits")
