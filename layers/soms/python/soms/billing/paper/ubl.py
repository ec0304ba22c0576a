"""The XML of an invoice or credit note: UBL 2.1 after EN 16931.

A document in a currency of more than two digits keeps its exact amounts, cannot be EN 16931 (BR-DEC), and so
does not claim to be.
"""

import re
from decimal import Decimal
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from soms.billing.model import Document, DocumentKind, DocumentLine, Party, TaxGroup
from soms.billing.paper import categories, unit_codes
from soms.kit import money

_OASIS: Final = "urn:oasis:names:specification:ubl:schema:xsd"
_LARGEST_EXPONENT: Final = 2
_ALLOWANCE: Final = "价格折让 · Price allowance"
# XML 1.0 cannot carry these at all, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Form(NamedTuple):
    """What the two kinds of document call the same things."""

    root: str
    type_name: str
    type_code: str
    line: str
    quantity: str
    note: str


_FORMS: Final = {
    DocumentKind.INVOICE: _Form(
        "Invoice",
        "InvoiceTypeCode",
        "380",
        "InvoiceLine",
        "InvoicedQuantity",
        "商业发票，非税务发票 · Commercial invoice, not a tax invoice",
    ),
    DocumentKind.CREDIT_NOTE: _Form(
        "CreditNote",
        "CreditNoteTypeCode",
        "381",
        "CreditNoteLine",
        "CreditedQuantity",
        "贷项通知单，非税务发票 · Credit note, not a tax invoice",
    ),
}


def render(document: Document) -> bytes:
    """Write the document as XML in UTF-8, the same bytes every time."""
    form = _FORMS[document.kind]
    root = ET.Element(
        form.root,
        {
            "xmlns": f"{_OASIS}:{form.root}-2",
            "xmlns:cac": f"{_OASIS}:CommonAggregateComponents-2",
            "xmlns:cbc": f"{_OASIS}:CommonBasicComponents-2",
        },
    )
    _head(root, document, form)
    _references(root, document)
    _party(root, "AccountingSupplierParty", document.seller, document)
    _party(root, "AccountingCustomerParty", document.buyer, document)
    _delivery(root, document)
    _payment(root, document)
    _tax(root, document)
    _totals(root, document)
    for line in document.lines:
        _line(root, line, document, form)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _head(root: ET.Element, document: Document, form: _Form) -> None:
    if money.exponent(document.currency) <= _LARGEST_EXPONENT:
        _text(root, "CustomizationID", "urn:cen.eu:en16931:2017")
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.issued_on.isoformat())
    if document.kind is DocumentKind.INVOICE:
        _text(root, "DueDate", document.due_on.isoformat())
    _text(root, form.type_name, form.type_code)
    _text(root, "Note", form.note)
    _text(root, "Note", document.reason)
    _text(root, "DocumentCurrencyCode", document.currency)


def _references(root: ET.Element, document: Document) -> None:
    # The number is the seller's; UBL demands the buyer's beside it, and NA is EN 16931's word for none.
    order = _group(root, "OrderReference")
    _text(order, "ID", "NA")
    _text(order, "SalesOrderID", document.order_number)
    if document.invoice_number:
        _text(_group(root, "BillingReference", "InvoiceDocumentReference"), "ID", document.invoice_number)


def _party(root: ET.Element, name: str, party: Party, document: Document) -> None:
    node = _group(root, name, "Party")
    _address(node, party)
    is_seller = name == "AccountingSupplierParty"
    identifier = categories.vat_identifier(party, document)
    if identifier:
        _tax_scheme(node, identifier, "VAT")
    elif is_seller and party.tax_id:
        _tax_scheme(node, party.tax_id, "TAX")
    legal = _group(node, "PartyLegalEntity")
    _text(legal, "RegistrationName", party.name)
    _text(legal, "CompanyID", None if identifier else party.tax_id)
    if party.phone or party.email:
        contact = _group(node, "Contact")
        _text(contact, "Telephone", party.phone)
        _text(contact, "ElectronicMail", party.email)


def _address(node: ET.Element, party: Party) -> None:
    address = _group(node, "PostalAddress")
    street, additional, *rest = [*party.address, "", ""]
    _text(address, "StreetName", street)
    _text(address, "AdditionalStreetName", additional)
    _text(address, "CityName", party.city)
    _text(address, "PostalZone", party.postal_code)
    if any(rest):
        _text(_group(address, "AddressLine"), "Line", ", ".join(filter(None, rest)))
    if party.country:
        _text(_group(address, "Country"), "IdentificationCode", party.country)


def _tax_scheme(node: ET.Element, identifier: str, scheme: str) -> None:
    tax = _group(node, "PartyTaxScheme")
    _text(tax, "CompanyID", identifier)
    _text(_group(tax, "TaxScheme"), "ID", scheme)


def _delivery(root: ET.Element, document: Document) -> None:
    # Only an intra-community supply must say when and where to; having no other date, it says the issue date.
    if not any(line.tax_category == "K" for line in document.lines):
        return
    delivery = _group(root, "Delivery")
    _text(delivery, "ActualDeliveryDate", document.issued_on.isoformat())
    country = _group(delivery, "DeliveryLocation", "Address", "Country")
    _text(country, "IdentificationCode", document.buyer.country)


def _payment(root: ET.Element, document: Document) -> None:
    if document.payment_reference:
        means = _group(root, "PaymentMeans")
        _text(means, "PaymentMeansCode", "1")
        _text(means, "PaymentID", document.payment_reference)


def _tax(root: ET.Element, document: Document) -> None:
    total = _group(root, "TaxTotal")
    _amount(total, "TaxAmount", document.tax, document)
    for group in categories.merged(document.tax_groups):
        subtotal = _group(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", group.net, document)
        _amount(subtotal, "TaxAmount", group.tax, document)
        _category(subtotal, "TaxCategory", group, categories.reason(group))


def _totals(root: ET.Element, document: Document) -> None:
    totals = _group(root, "LegalMonetaryTotal")
    _amount(totals, "LineExtensionAmount", document.net, document)
    _amount(totals, "TaxExclusiveAmount", document.net, document)
    _amount(totals, "TaxInclusiveAmount", document.total, document)
    _amount(totals, "PayableAmount", document.total, document)


def _line(root: ET.Element, line: DocumentLine, document: Document, form: _Form) -> None:
    # An allowance on a price takes no units; as a whole it is one.
    code, quantity = (unit_codes.of(line.unit), line.quantity) if line.quantity else (unit_codes.UNKNOWN, 1)
    discount = _net_discount(line, document)
    node = _group(root, form.line)
    _text(node, "ID", str(line.line))
    _text(node, "Note", None if line.quantity else _ALLOWANCE)
    _text(node, form.quantity, str(quantity), unitCode=code)
    _amount(node, "LineExtensionAmount", line.net, document)
    if discount:
        _allowance(node, discount, document)
    item = _group(node, "Item")
    _text(item, "Name", line.name if line.name.strip() else line.sku)
    if line.sku.strip():
        _text(_group(item, "SellersItemIdentification"), "ID", line.sku)
    _category(item, "ClassifiedTaxCategory", line)
    # The price is that of the whole quantity: net and in whole cents it is exact, for one piece rarely.
    price = _group(node, "Price")
    _amount(price, "PriceAmount", line.net + discount, document)
    _text(price, "BaseQuantity", str(quantity), unitCode=code)


def _net_discount(line: DocumentLine, document: Document) -> Decimal:
    """Return the discount without tax, at least minus the net amount: a price may not be negative."""
    discount = line.discount
    if document.includes_tax:
        discount = money.rounded(discount / (1 + line.tax_rate), document.currency)
    return max(discount, -line.net)


def _allowance(node: ET.Element, discount: Decimal, document: Document) -> None:
    # The last part of a cumulative credit can be worth a minor unit more than its price: then it is a charge.
    is_charge = discount < 0
    allowance = _group(node, "AllowanceCharge")
    _text(allowance, "ChargeIndicator", "true" if is_charge else "false")
    _text(allowance, "AllowanceChargeReason", "Rounding" if is_charge else "Discount")
    _amount(allowance, "Amount", abs(discount), document)


def _category(node: ET.Element, name: str, taxed: TaxGroup | DocumentLine, reason: str | None = None) -> None:
    code, rate = categories.code_and_rate(taxed)
    category = _group(node, name)
    _text(category, "ID", code)
    if code != "O":
        _text(category, "Percent", categories.percent(rate))
    _text(category, "TaxExemptionReason", reason)
    _text(_group(category, "TaxScheme"), "ID", "VAT")


def _group(node: ET.Element, *names: str) -> ET.Element:
    for name in names:
        node = ET.SubElement(node, f"cac:{name}")
    return node


def _text(node: ET.Element, name: str, text: str | None, **attributes: str) -> None:
    """Write an element, unless there is nothing to say: EN 16931 knows no empty elements."""
    if text and text.strip():
        ET.SubElement(node, f"cbc:{name}", attributes).text = _UNWRITABLE.sub(
            "\N{REPLACEMENT CHARACTER}", text
        )


def _amount(node: ET.Element, name: str, amount: Decimal, document: Document) -> None:
    _text(node, name, money.text(amount, document.currency), currencyID=document.currency)
