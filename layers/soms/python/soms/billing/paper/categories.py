"""Tax categories (UNCL 5305) as documents show them: codes, rates, reasons, identifiers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from soms.billing.model import Document, DocumentLine, Party, TaxGroup

# EN 16931 wants a reason where no tax is charged for any other cause than a rate of zero.
REASONS: Final = {
    "E": "Exempt from tax",
    "AE": "Reverse charge",
    "K": "Intra-community supply",
    "G": "Export outside the EU",
    "O": "Not subject to tax",
}
_WITHOUT_VAT: Final = frozenset(
    {"AQ", "BM", "BN", "GI", "HK", "IQ", "KW", "KY", "LY", "MO", "QA", "TC", "US", "VG"}
)
_OTHER_PREFIXES: Final = {"GR": ("EL",), "GB": ("XI",)}


def code_and_rate(taxed: TaxGroup | DocumentLine) -> tuple[str, Decimal]:
    """Return category and rate of a line or group; what is standard at a rate of zero is `Z`."""
    code, rate = (
        (taxed.category, taxed.rate) if isinstance(taxed, TaxGroup) else (taxed.tax_category, taxed.tax_rate)
    )
    return ("Z", rate) if code == "S" and not rate else (code, rate)


def merged(groups: Iterable[TaxGroup]) -> list[TaxGroup]:
    """Add up groups that differ by their reason only: EN 16931 has one per category and rate."""
    found: dict[tuple[str, Decimal], TaxGroup] = {}
    for group in groups:
        key = code_and_rate(group)
        same = found.get(key)
        reasons = dict.fromkeys(filter(None, [same.reason if same else None, group.reason]))
        found[key] = TaxGroup(
            category=key[0],
            rate=key[1],
            reason="; ".join(reasons) or None,
            net=group.net + (same.net if same else 0),
            tax=group.tax + (same.tax if same else 0),
        )
    return list(found.values())


def reason(group: TaxGroup) -> str | None:
    """Return why a group bears no tax, in words; None where the rate alone says it."""
    code, _ = code_and_rate(group)
    return group.reason or REASONS[code] if code in REASONS else None


def percent(rate: Decimal) -> str:
    """Write a rate of 0.13 as `13`."""
    return f"{(rate * 100).normalize():f}"


def vat_identifier(party: Party, document: Document) -> str | None:
    """Return the VAT identifier with its country in front (BR-CO-09), or None where there is no such thing.

    A document with what is not subject to tax may not carry one (BR-O-02).
    """
    if (
        not party.tax_id
        or party.country in _WITHOUT_VAT
        or any(group.category == "O" for group in document.tax_groups)
    ):
        return None
    identifier = party.tax_id.replace(" ", "").upper()
    prefixes = (party.country, *_OTHER_PREFIXES.get(party.country, ()))
    return identifier if identifier.startswith(prefixes) else prefixes[0].replace("GR", "EL") + identifier
