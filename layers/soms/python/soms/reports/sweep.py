"""The sweep: finds what never reached a consumer and hands it to that consumer again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from soms.accounting import lag
from soms.billing import balances, settling
from soms.billing import store as billing
from soms.billing.cash import refunds
from soms.inventory import gaps, replenish
from soms.inventory import store as inventory
from soms.inventory.gaps import Lost, Rebuilt
from soms.inventory.model import StockItem
from soms.kit import aws, items, journal, settings
from soms.kit.settings import Setting
from soms.orders import effects, filling, telling
from soms.orders import store as orders
from soms.orders.model import UNBINDING

AGE = timedelta(minutes=3)
BACK = timedelta(hours=6)
CHUNK = 50
Body = Mapping[str, object]


@dataclass(frozen=True)
class Swept:
    """How much was handed on to each consumer, and how many lost movements nobody can tell any more."""

    handed_on: dict[str, int]
    untold: int


def sweep(*, now: datetime, age: timedelta = AGE, back: timedelta = BACK) -> Swept:
    """Hand on what is older than `age` and was never applied."""
    rows = [row for hour in _hours(now - back, now) for row in journal.of_hour(hour)]
    limit = (now - age).strftime("%Y-%m-%dT%H:%M:%S")
    settled = [row for row in rows if str(row["at_key"]) < limit]
    # First, because what is handed on below moves stock again.
    lost = _lost(rows, settled, now - age)
    return Swept(
        {
            "ledger": _invoke("ledger", [_rebuilt(one) for item in lost for one in item.told]),
            "stock": _hand_on("stock", _unreleased(settled)),
            "invoicing": _hand_on("invoicing", _unbilled(settled)),
            "rendering": _hand_on("rendering", [*_without_files(settled), *_unprinted(settled)]),
            "settlement": _hand_on("settlement", _unsettled(settled)),
            "replenishment": _hand_on("replenishment", _unwatched(settled)),
            "bookkeeping": _hand_on("bookkeeping", lag.swept(now=now, age=age, back=back)),
        },
        untold=sum(item.untold for item in lost),
    )


def _hours(first: datetime, last: datetime) -> Iterable[str]:
    at = first.replace(minute=0, second=0, microsecond=0)
    while at <= last:
        yield at.strftime("%Y-%m-%dT%H")
        at += timedelta(hours=1)


def _stocked(rows: Sequence[items.Item]) -> dict[str, list[items.Item]]:
    """Return the rows by the stock items that they name, whether they moved it or set its rule."""
    named: dict[str, list[items.Item]] = {}
    for row in rows:
        moved, aggregate = row.get("moved"), str(row["aggregate"])
        names = dict.fromkeys(moved if isinstance(moved, Mapping) else ())
        if aggregate.startswith("stock#"):
            names[aggregate.removeprefix("stock#")] = None
        for name in names:
            named.setdefault(str(name), []).append(row)
    return named


def _shelves(names: Iterable[str]) -> list[items.Item | None]:
    return aws.get_many((inventory.key(StockItem.named(name)) for name in names), consistent=True)


def _lost(rows: Sequence[items.Item], settled: Sequence[items.Item], before: datetime) -> list[Lost]:
    of_item = _stocked(rows)
    names = list(_stocked(settled))
    held = zip(names, _shelves(names), strict=True)
    return [gaps.lost(shelf, of_item[name], before=before) for name, shelf in held if shelf]


def _unwatched(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    named = (str(row["aggregate"]) for row in rows)
    alerts = dict.fromkeys(name.removeprefix("alert#") for name in named if name.startswith("alert#"))
    shelves = [shelf for shelf in _shelves(_stocked(rows)) if shelf]
    yield from (shelf for shelf in shelves if filling.is_due(shelf))
    yield from replenish.unwatched(shelves)
    yield from replenish.untold(alerts)
    yield from telling.untold(list(rows))


def _unreleased(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    # What leaves a queue must have joined it: the versions of an order in their order.
    told = sorted(
        (row for row in rows if row.get("effects")),
        key=lambda row: (str(row["aggregate"]), int(str(row["version"]))),
    )
    marks = journal.find_many(effects.mark_of(str(row["id"])) for row in told)
    for row in told:
        if effects.mark_of(str(row["id"])) not in marks:
            order_id = str(row["aggregate"]).removeprefix("order#")
            yield {
                "kind": "order",
                "pk": order_id,
                "id": order_id,
                "version": row["version"],
                "entry": row["id"],
                "effects": row["effects"],
            }


def _orders(rows: Sequence[items.Item]) -> list[str]:
    named = (str(row["aggregate"]) for row in rows)
    return list(dict.fromkeys(name.removeprefix("order#") for name in named if name.startswith("order#")))


def _unbilled(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    wanted = _orders(rows)
    held = aws.get_many((orders.key(one) for one in wanted), consistent=True)
    done = aws.get_many((billing.order_key(one) for one in wanted), consistent=True)
    for order, billed in zip(held, done, strict=True):
        if order is None or order["status"] in UNBINDING:
            continue
        if billed is None or int(str(billed["last_version"])) < int(str(order["version"])):
            yield order


def _unsettled(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    wanted = list(dict.fromkeys([*_orders(rows), *_paid(rows)]))
    for name, order in zip(
        wanted, aws.get_many((orders.key(one) for one in wanted), consistent=True), strict=True
    ):
        if order and int(str(order.get("stamp", 0))) < settling.held(name).stamp:
            yield {"kind": "order_billing", "order_id": name}


def _paid(rows: Sequence[items.Item]) -> Iterable[str]:
    """Yield the orders that money of payments came in for, or that it settles an invoice of, or did once."""
    named = [str(row["aggregate"]).partition("#")[::2] for row in rows]
    of = {kind: list(dict.fromkeys(name for one, name in named if one == kind)) for kind, _ in named}
    used = balances.credit_uses(of.get("payment", []))
    invoices = [*of.get("open_item", []), *(one.invoice_id for each in used for one in each.sources)]
    paid = [*of.get("payment", []), *refunds.payments_of(of.get("refund", []))]
    for payment in balances.payments(dict.fromkeys(paid)).values():
        yield from (payment.order_id, *payment.freed_orders) if payment.order_id else payment.freed_orders
        invoices += [one.invoice_id for one in payment.allocations]
    yield from (item.order_id for item in balances.open_items(dict.fromkeys(invoices)))


def _without_files(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    named = [str(row["aggregate"]).split("#") for row in rows]
    ids = [name for kind, name in named if kind in {"invoice", "credit_note"}]
    parts = [billing.document_key(one, part) for one in ids for part in ("document", "pdf", "xml")]
    held = aws.get_many(parts, consistent=True)
    for document, pdf, xml in zip(held[::3], held[1::3], held[2::3], strict=True):
        if document and not (pdf and xml):
            yield document


def _unprinted(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    """Yield the papers without a file; who makes one names it as the resource of the journal entry."""
    resources = (row["resource"] for row in rows)
    printed = (one for one in resources if isinstance(one, list) and one[0] == "paper")
    names = dict.fromkeys(str(name) for _, name in printed)
    made = aws.get_many((billing.document_key(one, billing.PAPER) for one in names), consistent=True)
    done = aws.get_many((billing.document_key(one, "pdf") for one in names), consistent=True)
    yield from (paper for paper, pdf in zip(made, done, strict=True) if paper and not pdf)


def _hand_on(consumer: str, images: Iterable[items.Item]) -> int:
    """Hand a consumer what is stored now as if it had just been written."""
    return _invoke(consumer, [{"NewImage": items.encode(image)} for image in images])


def _rebuilt(change: Rebuilt) -> Body:
    return {
        "OldImage": items.encode(change.before),
        "NewImage": items.encode(change.after),
        # To the second, as streams tell it.
        "ApproximateCreationDateTime": int(change.at.timestamp()),
    }


def _invoke(consumer: str, bodies: Sequence[Body]) -> int:
    """Invoke a consumer with records made from images; it treats them like any repeat."""
    records = [_record(number, body) for number, body in enumerate(bodies)]
    name = json.loads(settings.get(Setting.CONSUMERS))[consumer]
    for start in range(0, len(records), CHUNK):
        aws.functions().invoke(
            FunctionName=name, Payload=json.dumps({"Records": records[start : start + CHUNK]}).encode()
        )
    return len(records)


def _record(number: int, body: Body) -> dict[str, object]:
    name = f"sweep-{number}"
    return {"eventID": name, "eventName": "INSERT", "dynamodb": {**body, "SequenceNumber": name}}
