"""Documents and vouchers, their series, and what of an order is billed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from soms.billing import balances
from soms.billing.model import Document, File, OpenItem, OrderBilling, Series
from soms.billing.paper.printed import Paper
from soms.billing.voucher import Voucher
from soms.kit import aws, clock, ids, items
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes

SHARDS: Final = 4
SERIES: Final = "series"
"""Where in the list of states the series are."""
MONTH: Final = 7
"""The length of a month in a moment, such as `2026-11`."""
PAPER: Final = "paper"
Key = tuple[Setting, Mapping[str, object]]


def document_key(document_id: str, part: str = "document") -> Key:
    """Return where a document or one of its files is kept."""
    return Setting.DOCUMENTS, {"id": document_id, "part": part}


def order_key(order_id: str) -> Key:
    """Return where it is kept what of an order is billed."""
    return Setting.BILLING, {"pk": order_id, "sk": "billing"}


def series_key(series: str) -> Key:
    """Return where a series is kept."""
    return Setting.BILLING, {"pk": f"series#{series}", "sk": "series"}


def billing_of(order_id: str, held: items.Item | None) -> OrderBilling:
    """Return what an item says is billed of an order: nothing where there is none."""
    return OrderBilling.model_validate(held) if held else OrderBilling(order_id=order_id)


def series_of(series: str, held: items.Item | None) -> Series:
    """Return the series an item holds, or one that begins."""
    return Series.model_validate(held) if held else Series(id=series)


def insert_document(writes: Writes, document: Document) -> None:
    """Write a document once and for ever."""
    # The ordinal is the sort key of the series' index, a number.
    held: items.Item = document.model_dump(mode="json", exclude_none=True) | {"part": "document"}
    held |= filed(document.id, document.issued_on, document.recorded_at)
    writes.put(Setting.DOCUMENTS, held, condition="attribute_not_exists(id)", refused=_stale, rank=Rank.STATE)


def insert_voucher(writes: Writes, voucher: Voucher) -> None:
    """Write a voucher once and for ever."""
    held: items.Item = voucher.model_dump(mode="json", exclude_none=True) | {"part": "voucher"}
    held |= filed(voucher.id, voucher.posted_on, voucher.recorded_at)
    writes.put(Setting.DOCUMENTS, held, condition="attribute_not_exists(id)", refused=_stale, rank=Rank.STATE)


def filed(name: str, posted_on: date, recorded_at: datetime) -> items.Item:
    """Return the keys under which documents and vouchers are listed: by customer's day, by when recorded."""
    moment = clock.stamp(recorded_at)
    return {
        "posted_key": f"{posted_on}#{name}",
        "recorded_shard": f"{moment[:MONTH]}#{ids.shard(name, SHARDS)}",
        "recorded_key": f"{moment}#{name}",
    }


def insert_paper(writes: Writes, paper: Paper) -> None:
    """Write a paper once and for ever; the same paper may be there, so look with `find_paper` before."""
    held = paper.model_dump(mode="json", exclude_defaults=True) | {"part": PAPER}
    writes.put(Setting.DOCUMENTS, held, condition="attribute_not_exists(id)", refused=_stale, rank=Rank.STATE)


def find_paper(paper_id: str) -> tuple[Paper, File | None] | None:
    """Return a paper, with its file once that is rendered, or None."""
    held, pdf = aws.get_many([document_key(paper_id, PAPER), document_key(paper_id, "pdf")], consistent=True)
    return (Paper.model_validate(held), File.model_validate(pdf) if pdf else None) if held else None


def paper(paper_id: str) -> tuple[Paper, File | None]:
    """Return a paper, with its file once that is rendered, or raise NotFound."""
    found = find_paper(paper_id)
    if found is None:
        raise NotFound
    return found


def vouchers(names: Iterable[str]) -> list[Voucher]:
    """Return those of the vouchers that exist."""
    found = aws.get_many([document_key(one, "voucher") for one in names], consistent=True)
    return [Voucher.model_validate(one) for one in found if one]


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
    held = series.model_dump(mode="json", exclude_none=True) | {
        **series_key(series.id)[1],
        "kind": "series",
        "status_shard": SERIES,
        "issued_key": f"{series.id.rpartition('-')[2]}#{series.id}",
    }
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
        balances.open_key(document_id),
    ]
    held, pdf, xml, owed = aws.get_many(keys, consistent=True)
    if held is None:
        raise NotFound
    files = {name: File.model_validate(one) for name, one in (("pdf", pdf), ("xml", xml)) if one}
    return Document.model_validate(held), files, balances.open_item_of(owed) if owed else None


def documents(document_ids: Iterable[str]) -> list[Document]:
    """Return those of the documents that exist, in this order."""
    found = aws.get_many([document_key(one) for one in document_ids], consistent=True)
    return [Document.model_validate(one) for one in found if one]


def billing(order_id: str) -> OrderBilling:
    """Return what of an order is billed, strongly consistent."""
    return billing_of(order_id, aws.get(*order_key(order_id), consistent=True))


def numbers(series: str) -> Iterable[tuple[int, str, date]]:
    """Yield every number of a series in order: ordinal, number, day of issue."""
    rows = aws.query(Setting.DOCUMENTS, "series = :series", {":series": series}, index="by_series")
    for row in rows:
        yield int(str(row["ordinal"])), str(row["number"]), date.fromisoformat(str(row["issued_on"]))


def numbered(series: str, ordinal: int) -> str | None:
    """Return the document that has this number of a series, or None."""
    values = {":series": series, ":ordinal": ordinal}
    rows = aws.query(
        Setting.DOCUMENTS,
        "series = :series AND ordinal = :ordinal",
        values,
        index="by_series",
    )
    return next((str(row["id"]) for row in rows), None)


def _stale(_held: Held) -> Exception:
    return Stale()
