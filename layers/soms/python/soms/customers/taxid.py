"""Whether a tax id can be one of its country, by check digits and form (python-stdnum)."""

from collections.abc import Mapping
from typing import Final

KINDS: Final = ("vat", "tin")
"""What python-stdnum calls the tax number of a business in nearly every country."""
OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "AT": ("tin",),
    "CH": ("uid",),
    "CN": ("ric",),
    "DE": ("stnr",),
    "FI": ("ytunnus",),
    "FR": ("siren", "siret"),
    "IT": ("codicefiscale",),
    "NO": ("orgnr",),
    "SE": ("orgnr",),
    "UA": ("edrpou", "rntrc"),
}
"""Other numbers that tax offices and companies go by there."""


def is_plausible(tax_id: str, country: str | None) -> bool:
    """Tell whether a tax id can be one of the country; where no rule is known, every one can."""
    if country is None:
        return True
    # Only who changes a tax id pays for loading the rules.
    from stdnum.util import get_cc_module  # noqa: PLC0415

    kinds = (*KINDS, *OTHERS.get(country, ()))
    found = [rules for kind in kinds if (rules := get_cc_module(country.lower(), kind))]
    return not found or any(rules.is_valid(tax_id) for rules in found)
