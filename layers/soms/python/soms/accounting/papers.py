"""Any document with what it posts and what it concerns."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from soms.accounting import chart, ledger, listing
from soms.accounting.model import Posted
from soms.billing import store
from soms.kit import aws, money
from soms.kit.problems import NotFound, Words


def get(document_id: str) -> Posted:
    """Return a document or voucher as the books see it, or raise NotFound."""
    keys = [store.document_key(document_id, part) for part in ("document", "voucher")]
    held = next((one for one in aws.get_many(keys, consistent=True) if one), None)
    if held is None:
        raise NotFound
    return Posted.model_validate(held)


def shown(document: Posted, known: Mapping[str, Words]) -> dict[str, object]:
    """Return it as clients see it, with where everything it concerns is found."""
    return listing.link(document.kind, document.id, document.number) | {
        "posted_on": document.posted_on,
        "wanted_on": document.wanted_on,
        "recorded_at": document.recorded_at,
        "is_entered": not ledger.unentered([document]),
        "currency": document.currency,
        "customer_id": document.customer_id,
        "method": document.method,
        "reference": document.reference,
        "reason": document.reason,
        "postings": [
            chart.named(one.account, known)
            | {"currency": one.currency or document.currency, "debit": debit, "credit": credit}
            for one in document.postings
            for debit, credit in [_texts(one.debit, one.credit, one.currency or document.currency)]
        ],
        "concerns": list(_concerns(document)),
    }


def _texts(debit: Decimal, credit: Decimal, currency: str) -> tuple[str, str]:
    return money.text(debit, currency), money.text(credit, currency)


def _concerns(document: Posted) -> Iterator[dict[str, object]]:
    for kind, name, number in (
        ("customer", document.customer_id, None),
        ("order", document.order_id, None),
        ("invoice", document.invoice_id, document.invoice_number),
        ("payment", document.payment_id, document.reference),
    ):
        if name:
            yield {"kind": kind, "id": name, "number": number, "href": f"/v1/{kind}s/{name}"}
    for one in document.portions:
        yield {
            **listing.link("invoice", one.invoice_id, one.number),
            "source": one.source,
            "amount": one.amount,
            "settled": one.settled,
        }
