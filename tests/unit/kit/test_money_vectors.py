"""The golden vectors of money.

`money_vectors.json` holds documents, splits and refunds with the figures that the business rules give them,
kept as they were handed over. Every vector is checked here, whatever its form.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from soms.kit.money import allocate, part
from soms.kit.tax import PricedDocument, PricedLine, price_document

VECTORS = json.loads((Path(__file__).parent / "money_vectors.json").read_text("utf-8"))["vectors"]


def priced(vector: dict[str, Any]) -> PricedDocument:
    """Price the document that a vector describes."""
    prices = vector.get("gross") or [vector["unit_price"]]
    rate, quantity = Decimal(vector["rate"]), vector.get("quantity", 1)
    return price_document(
        [PricedLine(unit_price=Decimal(p), quantity=quantity, category="S", rate=rate) for p in prices],
        currency=vector.get("currency", "CNY"),
        includes_tax=vector["mode"] == "inclusive",
    )


def shares(vector: dict[str, Any]) -> tuple[Decimal, ...]:
    """Split the amount that a vector names."""
    weights = [Decimal(weight) for weight in vector["weights"]]
    return allocate(Decimal(vector["allocate"]), weights, 2)


@pytest.mark.parametrize("vector", [v for v in VECTORS if "mode" in v], ids=lambda v: v["id"])
def test_a_golden_document_comes_to_the_figures_of_its_vector(vector: dict[str, Any]) -> None:
    document = priced(vector)

    found = {
        "net": str(document.net),
        "tax": str(document.tax),
        "total": str(document.total),
        "gross_total": str(document.total),
        "lines": [{"net": str(line.net), "tax": str(line.tax)} for line in document.lines],
    }

    assert {key: found[key] for key in found if key in vector} == {k: vector[k] for k in found if k in vector}
    assert len(found.keys() & vector.keys()) >= 1


@pytest.mark.parametrize("vector", [v for v in VECTORS if "allocate" in v], ids=lambda v: v["id"])
def test_a_golden_split_gives_the_shares_of_its_vector(vector: dict[str, Any]) -> None:
    split = shares(vector)

    assert sum(split) == Decimal(vector["allocate"])
    assert [str(share) for share in split] == vector.get("shares", [str(share) for share in split])
    assert (str(min(split)), str(max(split))) == (
        vector.get("min", str(min(split))),
        vector.get("max", str(max(split))),
    )


@pytest.mark.parametrize("vector", [v for v in VECTORS if "refund" in v], ids=lambda v: v["id"])
def test_a_golden_refund_gives_the_parts_of_its_vector(vector: dict[str, Any]) -> None:
    total, quantity, taken = Decimal(vector["refund"]), vector["quantity"], vector["parts"]

    parts = [part(total, quantity, sum(taken[:index]), units, 2) for index, units in enumerate(taken)]

    assert [str(amount) for amount in parts] == vector["amounts"]


def test_every_golden_vector_has_a_form_that_is_checked() -> None:
    forms = [[form for form in ("mode", "allocate", "refund") if form in vector] for vector in VECTORS]

    assert len(VECTORS) == 10
    assert all(len(found) == 1 for found in forms)
