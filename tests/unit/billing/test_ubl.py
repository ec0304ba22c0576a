"""The XML of documents: EN 16931 holds, its figures are the document's, and the text is what was written."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soms.billing.model import Document, Party
from soms.billing.paper import ubl

from tests.unit.billing import schematron
from tests.unit.billing.issued import SELLER, Sold, allowance, credit_note, invoice

EN16931 = Path(__file__).parent / "en16931" / "EN16931-UBL-validation-preprocessed.sch"
MIXED = (
    Sold(price="9.99", quantity=7, discount="3.33"),
    Sold(price="0.333333", quantity=1000, rate="0.06"),
    Sold(price="5.00", rate="0", category="Z"),
    Sold(price="7.00", rate="0", category="E", reason="自产农产品"),
    Sold(price="8.00", rate="0", category="E", reason="图书"),
)
AMERICAN = {"country": "US", "tax_id": "12-3456789"}


def said(document: Document, path: str) -> list[str]:
    root = etree.fromstring(ubl.render(document))
    names = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    return [one.text or "" for one in root.findall(path, names)]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(invoice(), id="one line"),
        pytest.param(invoice(*MIXED, order_percent="7.5"), id="discounts and five tax groups"),
        pytest.param(invoice(*MIXED, order_percent="7.5", includes_tax=True), id="prices with tax"),
        pytest.param(credit_note(), id="credit note"),
        pytest.param(credit_note(*MIXED), id="credit note of many groups"),
        pytest.param(allowance(*MIXED), id="allowance on prices"),
        pytest.param(invoice(Sold(price="1280", rate="0.10"), currency="JPY"), id="yen"),
        pytest.param(invoice(Sold(price="10.00", discount="10.00")), id="given away"),
        pytest.param(invoice(Sold(price="0")), id="free"),
        pytest.param(invoice(Sold(price="1.00", rate="0")), id="standard at a rate of zero"),
        pytest.param(invoice(seller=SELLER.model_copy(update=AMERICAN)), id="seller without a VAT number"),
        *(
            pytest.param(invoice(Sold(price="100.00", category=code, rate="0")), id=f"category {code}")
            for code in ("Z", "E", "AE", "K", "G", "O")
        ),
    ],
)
def test_a_document_passes_en_16931(document: Document) -> None:
    xml = ubl.render(document)

    found = schematron.findings(EN16931, xml)

    assert found == []


@settings(max_examples=60, deadline=None)
@given(
    sold=st.lists(
        st.builds(
            Sold,
            price=st.decimals("0", "99999.999999", places=6).map(lambda price: f"{price:f}"),
            quantity=st.integers(1, 9999),
            rate=st.sampled_from(["0.13", "0.09", "0.06", "0.2", "0.055"]),
        ),
        min_size=1,
        max_size=12,
    ),
    includes_tax=st.booleans(),
    percent=st.sampled_from([None, "3", "33.333333", "100"]),
)
def test_any_prices_and_discounts_pass_en_16931(
    *, sold: list[Sold], includes_tax: bool, percent: str | None
) -> None:
    xml = ubl.render(invoice(*sold, includes_tax=includes_tax, order_percent=percent))

    found = schematron.findings(EN16931, xml)

    assert found == []


@pytest.mark.parametrize("includes_tax", [False, True])
def test_price_less_allowance_is_the_net_amount_of_every_line(*, includes_tax: bool) -> None:
    document = invoice(*MIXED, order_percent="7.5", includes_tax=includes_tax)

    prices = said(document, ".//cac:Price/cbc:PriceAmount")
    discounts = said(document, "cac:InvoiceLine/cac:AllowanceCharge/cbc:Amount")
    nets = said(document, "cac:InvoiceLine/cbc:LineExtensionAmount")

    assert [Decimal(price) - Decimal(off) for price, off in zip(prices, discounts, strict=True)] == [
        Decimal(net) for net in nets
    ]
    assert nets == [str(line.net) for line in document.lines]


def test_the_last_part_of_a_cumulative_credit_may_be_worth_a_cent_more_than_its_price() -> None:
    line = credit_note().lines[0].model_copy(update={"discount": Decimal("-0.01"), "net": Decimal("398.01")})
    document = credit_note().model_copy(update={"lines": (line,)})

    charge = said(document, ".//cac:AllowanceCharge/cbc:ChargeIndicator")
    amount = said(document, ".//cac:AllowanceCharge/cbc:Amount")

    assert (charge, amount) == (["true"], ["0.01"])


def test_a_credit_note_names_its_invoice_and_its_reason() -> None:
    document = credit_note()

    numbers = said(document, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID")
    notes = said(document, "cbc:Note")

    assert numbers == ["INV-2026-000123"]
    assert notes[-1] == document.reason


def test_an_allowance_on_a_price_is_one_of_it_and_says_what_it_is() -> None:
    document = allowance(Sold(price="2.50", quantity=4))

    assert said(document, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["1"]
    assert said(document, "cac:CreditNoteLine/cac:Price/cbc:PriceAmount") == ["10.00"]
    assert said(document, "cac:CreditNoteLine/cbc:Note") == ["价格折让 · Price allowance"]


def test_text_is_written_as_it_is_and_only_what_xml_cannot_carry_is_replaced() -> None:
    name = "\"A\" & <script>alert('1')</script> ]]> 中文 😀 ไทย\ttab"
    document = invoice(Sold(price="1.00", name=name), Sold(price="1.00", name="a\x00b\x1b\ufffe"))

    names = said(document, "cac:InvoiceLine/cac:Item/cbc:Name")

    assert names == [name, "a\ufffdb\ufffd\ufffd"]


def test_a_document_of_bare_parties_is_still_well_formed() -> None:
    document = invoice(
        seller=Party(name="A", country="CN"), buyer=Party(name="B", country=""), payment_reference=None
    )

    empty = [one for one in etree.fromstring(ubl.render(document)).iter() if not len(one) and not one.text]
    broken = schematron.fatal(EN16931, ubl.render(document))

    assert [one.tag for one in empty if "PostalAddress" not in one.tag] == []
    assert broken == ["BR-11", "BR-CO-26", "BR-S-02"]


def test_dinars_keep_their_third_digit_and_do_not_claim_en_16931() -> None:
    document = invoice(Sold(price="10.125"), currency="KWD")

    total = said(document, "cac:LegalMonetaryTotal/cbc:PayableAmount")
    claim = said(document, "cbc:CustomizationID")

    assert (total, claim) == (["11.441"], [])


def test_a_tax_number_gets_its_country_in_front_once() -> None:
    path = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"
    greek = {"country": "GR", "tax_id": "094259216"}

    chinese = said(invoice(), path)
    german = said(invoice(seller=SELLER.model_copy(update={"country": "DE", "tax_id": "DE 136695976"})), path)
    athenian = said(invoice(seller=SELLER.model_copy(update=greek)), path)

    assert (chinese, german, athenian) == (["CN91310115MA1K3YJ12X"], ["DE136695976"], ["EL094259216"])


@pytest.mark.parametrize(
    ("unit", "code"),
    [("pcs", "H87"), ("KG", "KGM"), (" 米 ", "MTR"), ("h", "HUR"), ("箱", "XCT"), ("bunch", "C62")],
)
def test_units_are_written_as_codes(unit: str, code: str) -> None:
    document = invoice(Sold(price="1.00", unit=unit))

    xml = ubl.render(document)

    assert xml.count(f'unitCode="{code}"'.encode()) == 2
    assert schematron.findings(EN16931, xml) == []


def test_the_same_document_is_the_same_bytes() -> None:
    document = invoice(*MIXED)

    again = Document.model_validate_json(document.model_dump_json())

    assert ubl.render(again) == ubl.render(document)
