"""Lists of credit notes, by what they are asked for, and the series of numbers there are."""

from collections.abc import Iterator, Sequence
from typing import Final

from soms.billing import balances, store
from soms.billing.model import Document, DocumentKind, Series
from soms.kit import aws, items, paging
from soms.kit.access import Caller
from soms.kit.settings import Setting
from soms.orders import store as orders

LINES: Final = {"lines", "tax_groups", "postings"}
Documents = tuple[paging.Page, list[Document]]
"""A page as the index has it, and the credit notes on it."""


def of_order(order_id: str, *, limit: int, after: str | None) -> Documents:
    """Return one page of an order's credit notes, the newest first."""
    return _named(store.billing(order_id).credit_notes, limit, after)


def of_invoice(invoice_id: str, *, limit: int, after: str | None) -> Documents:
    """Return one page of an invoice's credit notes, the newest first."""
    found = balances.open_items([invoice_id])
    return _named(found[0].credit_notes if found else (), limit, after)


def of_customer(customer_id: str, *, limit: int, after: str | None) -> Documents:
    """Return one page of a customer's credit notes, the newest first; other documents leave it shorter."""
    page = paging.listed(
        Setting.DOCUMENTS,
        "by_customer",
        [customer_id],
        partition="customer_id",
        key="posted_key",
        limit=limit,
        after=after,
    )
    return page, _read(page.rows)


def of_series(series: Sequence[str], *, limit: int, after: str | None) -> Documents:
    """Return one page of the documents of series, one after the other, each the newest first."""
    at, _, ordinal = (after or "").rpartition("#")
    left = series[series.index(at) :] if at in series else series
    rows: list[items.Item] = []
    for name in left:
        below = int(ordinal) if name == at else None
        for row in _numbered(name, below=below, limit=limit - len(rows) + 1):
            if len(rows) == limit:
                return paging.Page(rows, _place(rows[-1])), _read(rows)
            rows.append(row)
    return paging.Page(rows, None), _read(rows)


def series() -> list[Series]:
    """Return the series there are, those of the last year first."""
    values = {":series": store.SERIES}
    found = aws.query(Setting.BILLING, "status_shard = :series", values, index="by_status", newest_first=True)
    return [Series.model_validate(row) for row in found]


def names(kind: DocumentKind) -> list[str]:
    """Return the names of the series of a kind of document, those of the last year first."""
    return [one.id for one in series() if one.document is kind]


def visible(found: Sequence[Document], caller: Caller) -> list[dict[str, object]]:
    """Return the rows that the caller may see: sales people those of their own orders."""
    if caller.sees_only_own():
        keys = [orders.key(one) for one in sorted({document.order_id for document in found})]
        held = [orders.order(item) for item in aws.get_many(keys)]
        seen = {one.id for one in held if one and caller.may_see(one.salesperson)}
        found = [one for one in found if one.order_id in seen]
    return [row(one) for one in found]


def series_row(one: Series) -> dict[str, object]:
    """Return a series with how many numbers were taken of it, and the last of them."""
    return {
        "series": one.id,
        "kind": one.document,
        "entity": one.entity,
        "count": one.last,
        "last": f"{one.id}-{one.last:06d}",
        "last_on": str(one.last_on),
    }


def row(document: Document) -> dict[str, object]:
    """Return a document without its lines."""
    shown = document.model_dump(mode="json", exclude=LINES, exclude_none=True)
    return shown | {"customer": {"id": document.customer_id, "name": document.buyer.name}}


def _named(names: Sequence[str], limit: int, after: str | None) -> Documents:
    newest = list(reversed(names))
    rest = newest[newest.index(after) + 1 :] if after in newest else newest
    more = rest[limit - 1] if len(rest) > limit else None
    return paging.Page([], more), store.documents(rest[:limit])


def _numbered(name: str, *, below: int | None, limit: int) -> Iterator[items.Item]:
    values: dict[str, object] = {":series": name}
    condition = "series = :series"
    if below is not None:
        condition, values = f"{condition} AND ordinal < :below", values | {":below": below}
    yield from aws.query(
        Setting.DOCUMENTS, condition, values, index="by_series", limit=limit, newest_first=True
    )


def _place(row: items.Item) -> str:
    return f"{str(row['number']).rpartition('-')[0]}#{row['ordinal']}"


def _read(rows: Sequence[items.Item]) -> list[Document]:
    # The index of a series does not say what kind a document is of; that of a customer does.
    names = [str(row["id"]) for row in rows if row.get("kind", DocumentKind.CREDIT_NOTE) == "credit_note"]
    return [one for one in store.documents(names) if one.kind is DocumentKind.CREDIT_NOTE]
