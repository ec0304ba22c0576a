"""A document as the books see it: its lines by account and currency, and what can never be entered."""

from decimal import Decimal

import pytest
from pydantic import ValidationError
from soms.accounting.model import Posted, Sums


def posted(*legs: tuple[str, str, str, str | None], **more: object) -> Posted:
    """Return a document of these legs: account, debit, credit, currency."""
    postings = [
        {"account": account, "debit": debit, "credit": credit, "currency": currency}
        for account, debit, credit, currency in legs
    ]
    held = {"id": "doc_1", "part": "voucher", "kind": "payment", "currency": "CNY", "posted_on": "2026-11-25"}
    key = {"recorded_key": "2026-11-25T09:00:00.000000Z#doc_1"}
    return Posted.model_validate(held | key | {"postings": postings} | more)


def test_legs_of_one_account_are_one_line_and_each_currency_has_its_own() -> None:
    document = posted(
        ("fx", "10.00", "0", None),
        ("fx", "2.00", "0", None),
        ("unapplied_cash", "0", "12.00", None),
        ("fx", "0", "90", "JPY"),
        ("receivables", "90", "0", "JPY"),
    )

    assert document.lines == {
        ("fx", "CNY"): Sums(Decimal("12.00"), Decimal(0), 1),
        ("unapplied_cash", "CNY"): Sums(Decimal(0), Decimal("12.00"), 1),
        ("fx", "JPY"): Sums(Decimal(0), Decimal(90), 1),
        ("receivables", "JPY"): Sums(Decimal(90), Decimal(0), 1),
    }


def test_what_is_nothing_is_left_out_but_a_document_of_nothing_keeps_one_line() -> None:
    untaxed = posted(("receivables", "5.00", "0", None), ("revenue", "0", "5.00", None), ("output_tax", "0", "0", None))
    free = posted(("receivables", "0.00", "0", None), ("revenue", "0", "0.00", None))

    assert [account for account, _ in untaxed.lines] == ["receivables", "revenue"]
    assert list(free.lines) == [("receivables", "CNY")]


def test_what_is_issued_counts_for_the_day_of_issue() -> None:
    legs = [{"account": "bank", "debit": "1", "credit": "1"}]

    document = Posted.model_validate(
        {
            "id": "inv_1",
            "part": "document",
            "kind": "invoice",
            "currency": "CNY",
            "issued_on": "2026-12-01",
            "postings": legs,
            "recorded_key": "2026-11-30T16:30:00.000000Z#inv_1",
        }
    )

    assert (document.month, document.recorded_month) == ("2026-12", "2026-11")
    assert document.recorded_at == "2026-11-30T16:30:00.000000Z"


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [("bank", "1.00", "0", None)],
        # Balanced together, and not in each currency.
        [("bank", "1.00", "0", "CNY"), ("bank", "0", "1.00", "USD")],
    ],
)
def test_what_does_not_balance_in_each_currency_is_refused(legs: list[tuple[str, str, str, str | None]]) -> None:
    with pytest.raises(ValidationError):
        posted(*legs)
