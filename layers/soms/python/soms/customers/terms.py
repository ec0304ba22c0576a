"""By which terms a customer is found: words of names, references, telephone numbers, e-mail addresses."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from soms.customers.model import Customer

MOST: Final = 24
"""Terms of one customer: each is an item in the transaction that writes it."""
LONGEST: Final = 32
SHORTEST: Final = 2
_ALL_DIGITS: Final = re.compile(r"[+0-9\s().\-/]+")
_TWO_DIGIT_CODES: Final = frozenset(
    str(code)
    for code in (
        *(20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59)),
        *(*range(60, 67), 81, 82, 84, 86, *range(90, 96), 98),
    )
)
"""Country codes of two digits (ITU-T E.164); those that begin with 1 or 7 have one, all others three."""
_LARGE_SCRIPTS: Final = (
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uac00", "\ud7a3"),
    ("\U00020000", "\U0003ffff"),
)
"""Kana, Han, Hangul, and the rarer Han."""


def terms_of(customer: Customer) -> tuple[str, ...]:
    """Return the terms a customer is found by, the most telling first, at most `MOST`."""
    return tuple(islice(dict.fromkeys(_all(customer)), MOST))


def asked(query: str) -> tuple[str, ...]:
    """Return what a query asks for, each the beginning of a term, the longest first; nothing if too short."""
    text = _normal(query)
    words = [text] if _ALL_DIGITS.fullmatch(text) else text.split()
    found = {term for word in words if (term := _compact(word)) and _long_enough(term)}
    return tuple(sorted(found, key=lambda term: (-len(term), term)))


def partition(term: str) -> str:
    """Return the first characters under which terms lie together: one where characters are many."""
    return term[:1] if _stands_alone(term[0]) else term[:SHORTEST]


def _all(customer: Customer) -> Iterator[str]:
    yield from _in_text(customer.name)
    for reference in (customer.external_ref, *customer.references):
        if reference:
            yield from _kept([_compact(_normal(reference.id))])
    yield from _reached(customer.phone, customer.email)
    for contact in customer.contacts:
        yield from _in_text(contact.name)
        yield from _reached(contact.phone, contact.email)


def _in_text(text: str) -> Iterator[str]:
    for word in _normal(text).split():
        yield from _kept(_compact(word[start:]) for start in _starts(word))


def _starts(word: str) -> Iterator[int]:
    """Yield where somebody may begin who looks for a word: at each part, at each Chinese character."""
    before = ""
    for place, character in enumerate(word):
        new_part = not before.isalnum() or _stands_alone(before)
        last = place == len(word) - 1 and _stands_alone(before)
        if character.isalnum() and (new_part or _stands_alone(character)) and not last:
            yield place
        before = character


def _reached(phone: str | None, email: str | None) -> Iterator[str]:
    if phone:
        digits = phone.removeprefix("+")
        national = digits[_code_length(digits) :] if phone.startswith("+") else digits
        yield from _kept([_compact(digits), _compact(national)])
    if email:
        address = _normal(email)
        yield from _kept([_compact(address), _compact(address.partition("@")[2])])


def _code_length(digits: str) -> int:
    if digits[0] in "17":
        return 1
    return 2 if digits[:2] in _TWO_DIGIT_CODES else 3


def _kept(terms: Iterable[str]) -> Iterator[str]:
    return (term for term in terms if term and _long_enough(term))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _compact(word: str) -> str:
    """Return letters and digits only; zeros before a longer number say nothing, as in 0086 or 0755."""
    term = "".join(character for character in word if character.isalnum())[:LONGEST]
    number = term.lstrip("0") if term.isdigit() else ""
    return number if len(number) >= SHORTEST else term


def _long_enough(term: str) -> bool:
    return len(term) >= SHORTEST or _stands_alone(term[0])


def _stands_alone(character: str) -> bool:
    """Tell whether one character is a word or nearly so: Chinese, Japanese, Korean."""
    return any(first <= character <= last for first, last in _LARGE_SCRIPTS)
