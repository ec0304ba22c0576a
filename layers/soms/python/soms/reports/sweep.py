"""The sweep: finds what never reached a consumer and hands it to that consumer again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from soms.billing import store as billing
from soms.kit import aws, items, journal, settings
from soms.kit.settings import Setting
from soms.orders import effects
from soms.orders import store as orders

AGE = timedelta(minutes=3)
BACK = timedelta(hours=6)
CHUNK = 50


def sweep(*, now: datetime, age: timedelta = AGE, back: timedelta = BACK) -> dict[str, int]:
    """Hand on what is older than `age` and was never applied; return how much went to each consumer."""
    rows = [row for hour in _hours(now - back, now) for row in journal.of_hour(hour)]
    limit = (now - age).strftime("%Y-%m-%dT%H:%M:%S")
    settled = [row for row in rows if str(row["at_key"]) < limit]
    return {
        "stock": _hand_on("stock", _unreleased(settled)),
        "invoicing": _hand_on("invoicing", _unbilled(settled)),
        "rendering": _hand_on("rendering", _without_files(settled)),
        "settlement": _hand_on("settlement", _unsettled(settled)),
    }


def _hours(first: datetime, last: datetime) -> Iterable[str]:
    at = first.replace(minute=0, second=0, microsecond=0)
    while at <= last:
        yield at.strftime("%Y-%m-%dT%H")
        at += timedelta(hours=1)


def _unreleased(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    told = [row for row in rows if row.get("effects")]
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
        if order and (billed is None or int(str(billed["last_version"])) < int(str(order["version"]))):
            yield order


def _unsettled(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    wanted = _orders(rows)
    held = aws.get_many((orders.key(one) for one in wanted), consistent=True)
    done = aws.get_many((billing.order_key(one) for one in wanted), consistent=True)
    for order, billed in zip(held, done, strict=True):
        if not order or not billed:
            continue
        named = billed["invoices"]
        owed = billing.open_items(str(one) for one in named) if isinstance(named, list) else []
        stamp = int(str(billed["seq"])) + sum(item.seq for item in owed)
        if int(str(order.get("stamp", 0))) < stamp:
            yield billed


def _without_files(rows: Sequence[items.Item]) -> Iterable[items.Item]:
    named = [str(row["aggregate"]).split("#") for row in rows]
    ids = [name for kind, name in named if kind in {"invoice", "credit_note"}]
    parts = [billing.document_key(one, part) for one in ids for part in ("document", "pdf", "xml")]
    held = aws.get_many(parts, consistent=True)
    for document, pdf, xml in zip(held[::3], held[1::3], held[2::3], strict=True):
        if document and not (pdf and xml):
            yield document


def _hand_on(consumer: str, images: Iterable[items.Item]) -> int:
    """Invoke a consumer with records made from images; it treats them like any repeat."""
    records = [_record(number, image) for number, image in enumerate(images)]
    name = json.loads(settings.get(Setting.CONSUMERS))[consumer]
    for start in range(0, len(records), CHUNK):
        aws.functions().invoke(
            FunctionName=name, Payload=json.dumps({"Records": records[start : start + CHUNK]}).encode()
        )
    return len(records)


def _record(number: int, image: Mapping[str, object]) -> dict[str, object]:
    body = {"NewImage": items.encode(image), "SequenceNumber": f"sweep-{number}"}
    return {"eventID": f"sweep-{number}", "eventName": "INSERT", "dynamodb": body}
