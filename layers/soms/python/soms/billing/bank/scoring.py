"""How sure it is that a bank line belongs to something: points for what agrees, and why."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.bank.bank_line import BankLine, Candidate

SURE: Final = 80
"""From here on, and if nothing else comes near, a line is matched by itself."""
LIKELY: Final = 50
"""From here on it is suggested."""
AHEAD: Final = 10
"""By how many points the best must be ahead of the next to be the only one."""
MOST_SHOWN: Final = 5
POINTS: Final = {
    "reference": 60,
    "amount": 30,
    "known_account": 25,
    "same_name": 20,
    "similar_name": 10,
    "same_days": 5,
}
DAYS_NEAR: Final = 4
SHORTEST_NAME: Final = 4
SHORTEST_REFERENCE: Final = 4
LONGEST_REFERENCE: Final = 100
_NUMBER: Final = re.compile(r"\b([A-Z]{1,8}-[0-9]{4})-?([0-9]{6})\b")
_LEGAL: Final = re.compile(
    r"\b(co|company|ltd|limited|llc|inc|gmbh|ag|bv|nv|sa|sarl|srl|plc|corp|the)\b|有限责任公司|股份有限公司|有限公司|公司"
)


@dataclass(frozen=True)
class Agreement:
    """What is known to agree between a line and something of ours."""

    is_named: bool
    wanted: Decimal
    """What is open of it, or uncleared."""
    days: Sequence[date]
    customer_name: str | None
    is_known_account: bool


def reasons(line: BankLine, one: Agreement) -> dict[str, int]:
    """Return what speaks for a match, and how many points each gives."""
    found: dict[str, int] = {}
    if one.is_named:
        found["reference"] = POINTS["reference"]
    if abs(line.amount) == one.wanted:
        found["amount"] = POINTS["amount"]
    if one.is_known_account:
        found["known_account"] = POINTS["known_account"]
    elif line.payer and one.customer_name:
        ours, theirs = plain(one.customer_name), plain(line.payer)
        if ours and ours == theirs:
            found["same_name"] = POINTS["same_name"]
        elif len(min(ours, theirs, key=len)) >= SHORTEST_NAME and (ours in theirs or theirs in ours):
            found["similar_name"] = POINTS["similar_name"]
    if any(abs((line.booked_on - day).days) <= DAYS_NEAR for day in one.days):
        found["same_days"] = POINTS["same_days"]
    return found


def score(found: dict[str, int]) -> int:
    """Return the points together, at most 100."""
    return min(sum(found.values()), 100)


def ranked(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the best candidates, best first; the same aims count once."""
    best: dict[tuple[tuple[str, str], ...], Candidate] = {}
    for one in candidates:
        aims = tuple((aim.kind, aim.id) for aim in one.aims)
        if aims not in best or best[aims].score < one.score:
            best[aims] = one
    return tuple(sorted(best.values(), key=lambda one: (-one.score, one.aims[0].id)))[:MOST_SHOWN]


def certain(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate that is sure and the only one, from a ranked list."""
    if not candidates or candidates[0].score < SURE:
        return None
    if len(candidates) > 1 and candidates[1].score > candidates[0].score - AHEAD:
        return None
    return candidates[0]


def likely(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates that are worth a suggestion."""
    return tuple(one for one in candidates if one.score >= LIKELY)


def plain(name: str) -> str:
    """Return a name without what tells no two apart: case, width, marks, legal forms, spaces."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "", _LEGAL.sub("", text))


def numbers(line: BankLine) -> list[tuple[str, int]]:
    """Return the invoice numbers that a line names, as series and ordinal."""
    text = unicodedata.normalize("NFKC", " ".join((*line.names, line.text))).upper()
    found = _NUMBER.findall(text)
    return list(dict.fromkeys((series, int(ordinal)) for series, ordinal in found))


def references(line: BankLine) -> list[str]:
    """Return what a payment of ours may have been recorded under: references, and words of the text."""
    words = [word for word in re.split(r"[\s,;/|]+", line.text) if len(word) >= SHORTEST_REFERENCE]
    whole = [line.text.strip()] if SHORTEST_REFERENCE <= len(line.text.strip()) <= LONGEST_REFERENCE else []
    return list(dict.fromkeys([*line.names, *whole, *words]))[:20]
