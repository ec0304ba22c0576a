"""What field 86 of an MT940 says: German subfields, slash codes, or plain text."""

import re
from dataclasses import dataclass
from typing import Final

_GERMAN: Final = re.compile(r"\s?([0-9]{3})([?>])(?=[0-9]{2})", re.ASCII)
_SEPA: Final = re.compile(
    r"((?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|PURP|MDAT)\+|MTLG:)"
)
_SLASHED: Final = re.compile(
    r"/(EREF|MARF|CSID|CNTP|REMI|PURP|ULTC|ULTD|TRTP|IBAN|BIC|NAME|ORDP|BENM|ADDR|RTRN|ISDT|PREF|IREF)/"
)
_IBAN: Final = re.compile(r"([A-Z]{2}[0-9]{2}[A-Z0-9]{10,30})\s+(\S.*)", re.ASCII)
_CHARGES: Final = {"808"}
_FULL: Final = 27


@dataclass(frozen=True)
class Narrative:
    """Who, from where, with which reference, and in which words; `charge` where it is the bank's own fee."""

    text: str = ""
    name: str = ""
    account: str = ""
    reference: str = ""
    charge: bool = False


def narrative(lines: list[str]) -> Narrative:
    """Read the lines of a field 86."""
    joined = "".join(lines)
    german = _GERMAN.match(joined)
    if german:
        return _german(german[1], re.split(rf"[{german[2]}]([0-9]{{2}})", joined))
    if _SLASHED.search(joined):
        return _slashed(_SLASHED.split(joined))
    told = [" ".join(line.split()) for line in lines]
    text = "\n".join(line for line in told if line)
    if counterparty := _IBAN.fullmatch(told[0]):
        return Narrative(text=text, account=counterparty[1], name=counterparty[2])
    return Narrative(text=text)


def _german(code: str, parts: list[str]) -> Narrative:
    fields = list(zip(parts[1::2], parts[2::2], strict=False))

    def joined(*keys: str) -> str:
        return _rejoined([value for key, value in fields if key in keys])

    purpose = joined(*(str(key) for key in range(20, 30)), "60", "61", "62", "63")
    pieces = _SEPA.split(purpose)
    sepa = dict(zip(pieces[1::2], (" ".join(piece.split()) for piece in pieces[2::2]), strict=False))
    return Narrative(
        text=" ".join((sepa.get("SVWZ+") or purpose or joined("00")).split()),
        name=" ".join(joined("32", "33").split()),
        account=joined("31").strip() or joined("38").strip() or sepa.get("IBAN+", ""),
        reference=sepa.get("EREF+", ""),
        charge=code in _CHARGES,
    )


def _rejoined(pieces: list[str]) -> str:
    # A subfield holds 27 characters: a full one was cut, a shorter one ended.
    text = ""
    for piece in pieces:
        text += piece if len(piece) >= _FULL else f"{piece} "
    return text.rstrip()


def _slashed(parts: list[str]) -> Narrative:
    fields: dict[str, str] = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=False):
        fields.setdefault(key, value.strip("/ "))
    counterparty = [*fields.get("CNTP", "").split("/"), "", "", ""]
    return Narrative(
        text=fields.get("REMI", "").removeprefix("USTD//").strip() or " ".join("/".join(parts).split()),
        name=fields.get("NAME") or counterparty[2].strip(),
        account=fields.get("IBAN") or counterparty[0].strip(),
        reference=fields.get("EREF", ""),
    )
