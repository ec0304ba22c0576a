"""The checker of XML documents: it lets the standard's examples pass and catches planted faults."""

from pathlib import Path

import pytest
from lxml import etree
from soms.billing.paper import ubl

from tests.unit.billing import schematron
from tests.unit.billing.issued import Sold, invoice

FOLDER = Path(__file__).parent / "en16931"
EN16931 = FOLDER / "EN16931-UBL-validation-preprocessed.sch"
LINE_NET = "cac:InvoiceLine/cbc:LineExtensionAmount"
BUYER_COUNTRY = "cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country"
CATEGORY = "cac:TaxTotal/cac:TaxSubtotal"


def spoilt(path: str, text: str | None) -> bytes:
    """Return the XML of a good invoice with another text at a path, or with nothing there."""
    root = etree.fromstring(ubl.render(invoice(Sold(price="202.00", quantity=3))))
    names = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    for place in root.findall(path, names):
        place[:] = []
        place.text = text
    return bytes(etree.tostring(root))


@pytest.mark.parametrize("example", sorted((FOLDER / "examples").glob("*.xml")), ids=lambda path: path.stem)
def test_the_examples_of_the_standard_pass(example: Path) -> None:
    xml = example.read_bytes()

    found = schematron.findings(EN16931, xml)

    assert found == []


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        pytest.param(LINE_NET, "606.01", "BR-CO-10", id="line net is not the sum"),
        pytest.param(
            "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", "684.87", "BR-CO-15", id="total with tax"
        ),
        pytest.param("cac:LegalMonetaryTotal/cbc:PayableAmount", "684.87", "BR-CO-16", id="amount due"),
        pytest.param(
            "cac:TaxTotal/cbc:TaxAmount", "87.87", "BR-CO-14", id="tax is not the sum of its groups"
        ),
        pytest.param(f"{CATEGORY}/cbc:TaxAmount", "87.87", "BR-CO-17", id="tax of the category"),
        pytest.param(f"{CATEGORY}/cbc:TaxableAmount", "600.00", "BR-S-08", id="net of the category"),
        pytest.param(BUYER_COUNTRY, None, "BR-11", id="no buyer country"),
        pytest.param("cbc:IssueDate", None, "BR-03", id="no issue date"),
        pytest.param("cbc:InvoiceTypeCode", "999", "BR-CL-01", id="type that does not exist"),
        pytest.param("cac:InvoiceLine/cac:Price/cbc:PriceAmount", "-606.00", "BR-27", id="negative price"),
        pytest.param(f"{CATEGORY}/cac:TaxCategory/cbc:ID", "E", "BR-E-10", id="exempt without a reason"),
    ],
)
def test_a_planted_fault_is_caught(path: str, text: str | None, rule: str) -> None:
    xml = spoilt(path, text)

    broken = schematron.fatal(EN16931, xml)

    assert rule in broken


def test_every_rule_of_the_standard_becomes_a_check() -> None:
    rules = {one.get("id") for one in etree.parse(EN16931).iter("{*}assert")}

    sheet = etree.fromstring(schematron.stylesheet(EN16931).encode())

    assert {one.get("rule") for one in sheet.iter("failed")} == rules
    assert len(rules) > 700
