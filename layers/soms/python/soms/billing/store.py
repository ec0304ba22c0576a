"""Documents, their series, open items and what of an order is billed."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from soms.billing.model import Document, File, OpenItem, OrderBilling, Series
from soms.kit import aws, ids, items, money, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes

SHARDS: Final = 4
Key = tuple[Setting, Mapping[str, object]]


def document_key(document_id: str, part: str = "document") -> Key:
    """Return where a document or one of its files is kept."""
    return Setting.DOCUMENTS, {"id": document_id, "part": part}


def order_key(order_id: str) -> Key:
    """Return where it is kept what of an order is billed."""
    return Setting.BILLING, {"pk": order_id, "sk": "billing"}


def open_key(document_id: str) -> Key:
    """Return where it is kept what is owed on a document."""
    return Setting.BILLING, {"pk": document_id, "sk": "open"}


def series_key(series: str) -> Key:
    """Return where a series is kept."""
    return Setting.BILLING, {"pk": f"series#{series}", "sk": "series"}


def billing_of(order_id: str, held: items.Item | None) -> OrderBilling:
    """Return what an item says is billed of an order: nothing where there is none."""
    return OrderBilling.model_validate(held) if held else OrderBilling(order_id=order_id)


def series_of(series: str, held: items.Item | None) -> Series:
    """Return the series an item holds, or one that begins."""
    return Series.model_validate(held) if held else Series(id=series)


def open_item_of(held: items.Item) -> OpenItem:
    """Return the open item an item holds, its amounts with the currency's digits."""
    item = OpenItem.model_validate(held)
    digits = {
        name: money.rounded(getattr(item, name), item.currency)
        for name in ("net", "tax", "total", "credited", "paid", "open")
    }
    return item.model_copy(update=digits)


def insert_document(writes: Writes, document: Document) -> None:
    """Write a document once and for ever."""
    held = document.model_dump(mode="json", exclude_none=True)
    # The ordinal is the sort key of the series' index, a number.
    held |= {"part": "document"}
    writes.put(Setting.DOCUMENTS, held, condition="attribute_not_exists(id)", refused=_stale, rank=Rank.STATE)


def put_open_item(writes: Writes, item: OpenItem, *, before: OpenItem | None) -> None:
    """Write what is owed over what was read."""
    shard = ids.shard(item.id, SHARDS)
    held: items.Item = item.model_dump(mode="json", exclude_none=True) | {
        **open_key(item.id)[1],
        "kind": "open_item",
        "open": item.open,
        "seq": item.seq,
        "status_shard": f"{item.status}#{shard}",
        "issued_key": f"{item.issued_on}#{item.number}",
    }
    if item.status == "open":
        held |= {
            "due_shard": f"due#{shard}",
            "due_key": f"{item.due_on}#{item.number}",
            "owing": item.customer_id,
        }
    writes.put(
        Setting.BILLING,
        held,
        condition="seq = :seq" if before else "attribute_not_exists(pk)",
        values={":seq": before.seq} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def put_billing(writes: Writes, billing: OrderBilling, *, before: OrderBilling) -> None:
    """Write what of an order is billed over what was read."""
    held = billing.model_dump(mode="json") | {**order_key(billing.order_id)[1], "kind": "order_billing"}
    writes.put(
        Setting.BILLING,
        held,
        condition="seq = :seq" if before.seq else "attribute_not_exists(pk)",
        values={":seq": before.seq} if before.seq else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def put_series(writes: Writes, series: Series, *, before: Series) -> None:
    """Move a series on from the number that was read."""
    held = series.model_dump(mode="json") | {**series_key(series.id)[1], "kind": "series"}
    writes.put(
        Setting.BILLING,
        held,
        condition="#last = :last" if before.last else "attribute_not_exists(pk)",
        names={"#last": "last"} if before.last else None,
        values={":last": before.last} if before.last else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def document(document_id: str) -> tuple[Document, dict[str, File], OpenItem | None]:
    """Return a document with its files and what is owed on it, or raise NotFound."""
    keys = [
        document_key(document_id),
        document_key(document_id, "pdf"),
        document_key(document_id, "xml"),
        open_key(document_id),
    ]
    held, pdf, xml, owed = aws.get_many(keys, consistent=True)
    if held is None:
        raise NotFound
    files = {name: File.model_validate(one) for name, one in (("pdf", pdf), ("xml", xml)) if one}
    return Document.model_validate(held), files, open_item_of(owed) if owed else None


def open_items(document_ids: Iterable[str]) -> list[OpenItem]:
    """Return what is owed on each of the documents, strongly consistent."""
    found = aws.get_many([open_key(one) for one in document_ids], consistent=True)
    return [open_item_of(one) for one in found if one]


def billing(order_id: str) -> OrderBilling:
    """Return what of an order is billed, strongly consistent."""
    return billing_of(order_id, aws.get(*order_key(order_id), consistent=True))


def invoices(
    *, customer_id: str | None, status: str | None, due_before: date | None, limit: int, after: str | None
) -> paging.Page:
    """Return one page of invoices, newest first; those due before a day by due day, oldest first."""
    if due_before:
        return paging.listed(
            Setting.BILLING,
            "by_due",
            [f"due#{shard}" for shard in range(SHARDS)],
            partition="due_shard",
            key="due_key",
            limit=limit,
            after=after,
            between=("0", str(due_before)),
            newest_first=False,
        )
    if customer_id:
        return paging.listed(
            Setting.BILLING,
            "by_customer",
            [customer_id],
            partition="customer_id",
            key="issued_key",
            limit=limit,
            after=after,
        )
    states = [status] if status else ["open", "paid", "credited"]
    shards = [f"{state}#{shard}" for state in states for shard in range(SHARDS)]
    return paging.listed(
        Setting.BILLING,
        "by_status",
        shards,
        partition="status_shard",
        key="issued_key",
        limit=limit,
        after=after,
    )


def numbers(series: str) -> Iterable[tuple[int, str, date]]:
    """Yield every number of a series in order: ordinal, number, day of issue."""
    rows = aws.query(Setting.DOCUMENTS, "series = :series", {":series": series}, index="by_series")
    for row in rows:
        yield int(str(row["ordinal"])), str(row["number"]), date.fromisoformat(str(row["issued_on"]))


def _stale(_held: Held) -> Exception:
    return Stale()
