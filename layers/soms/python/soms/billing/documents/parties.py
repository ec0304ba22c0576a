"""Seller and buyer as documents name them, and where the seller is paid to."""

from soms.billing.model import Bank, Party
from soms.catalog.model import Address, Entity, Settings
from soms.customers.model import Customer


def issuer(settings: Settings, entity_id: str | None) -> Settings | Entity:
    """Return the company, or the one of its entities that invoices; LookupError where there is none."""
    found = settings.entity(entity_id)
    if entity_id and found is None:
        message = f"there is no entity {entity_id}"
        raise LookupError(message)
    return found or settings


def seller(settings: Settings, entity_id: str | None = None) -> Party:
    """Return the company, or one of its entities, as it is called now."""
    found = issuer(settings, entity_id)
    return _party(
        found.name,
        found.address,
        found.address.country or "CN",
        tax_id=found.tax_id,
        email=settings.email,
        phone=settings.phone,
    )


def bank(settings: Settings) -> Bank | None:
    """Return where the company is paid to, or None where the settings do not say it."""
    held = Bank(name=settings.bank_name, account=settings.bank_account, code=settings.bank_code)
    return held if held.account else None


def buyer(customer: Customer, settings: Settings) -> Party:
    """Return a customer as it is called now, at its first address."""
    address = customer.addresses[0] if customer.addresses else Address()
    country = address.country or customer.country or settings.address.country or "CN"
    return _party(
        customer.name, address, country, tax_id=customer.tax_id, email=customer.email, phone=customer.phone
    )


def _party(
    name: str, address: Address, country: str, *, tax_id: str | None, email: str | None, phone: str | None
) -> Party:
    return Party(
        name=name,
        country=country,
        tax_id=tax_id,
        address=address.lines,
        city=address.city,
        postal_code=address.postal_code,
        email=email,
        phone=phone,
    )
