"""The evening of an order: its timeline as a table, and its figures against its papers."""

from collections.abc import Mapping

from rich.table import Table

from infra.demo.day import Day, total
from infra.demo.teller import Body, Teller, rows

EVENTS: Mapping[str, str] = {
    "order.drafted": "起草",
    "order.quoted": "报价",
    "order.revised": "修订",
    "order.amended": "变更",
    "order.submitted": "提交审批",
    "order.approved": "批准",
    "order.shipped": "发货",
    "shipment.news": "物流消息",
    "order.held": "冻结",
    "order.hold_released": "解除冻结",
    "return.requested": "申请退货",
    "return.approved": "同意退货",
    "return.received": "收到退货",
    "return.inspected": "检验",
    "return.resolved": "退货处理完毕",
}
RETURN = ("requested", "approved", "received", "inspected", "resolved")
STORY = (
    *("order.drafted", "order.quoted", "order.revised", "order.amended", "order.quoted"),
    *("order.submitted", "order.approved", "order.amended", "order.shipped"),
    *("shipment.news", "shipment.news", "order.held", "order.hold_released", "order.shipped"),
    *(f"return.{step}" for step in RETURN * 2),
)
"""What happens to the order in the course of its day."""
TOLD = frozenset(
    {
        *("status", "total", "quantity", "shipped", "returning"),
        *("holds", "return", "shipment", "shipment_status"),
    }
)
"""The changes that the table has room for, by their last name."""


def tell(teller: Teller, path: str) -> None:
    """Print the timeline, and claim that it tells the whole story and nothing else."""
    entries = teller.crew.rows(f"{path}/timeline", as_="auditor")[::-1]
    table = Table("when 时间", "who 谁", "what 事件", "changes 变化")
    for one in entries:
        event = str(one["event"])
        when = str(one["at"])[11:19]
        table.add_row(when, str(one["by"]), f"{event} {EVENTS.get(event, '')}", changed(one))
    teller.sheet.console.print(table)
    events = tuple(str(one["event"]) for one in entries)
    words = ("the timeline tells the whole day, in its order", "时间线完整且有序")
    teller.sheet.claim(events == STORY, *words, f"{len(events)} of {len(STORY)} events")


def agree(teller: Teller, plan: Day, path: str, instead: str) -> None:
    """Claim that the order's figures and its papers are the same to the cent."""
    order = teller.read("finance", path)
    lines = rows(order, "lines")
    invoices, notes = papers(teller, path)
    billed, credited = total(invoices), total(notes)
    held = (total([order]), total(lines, "gross"), total([order], "invoiced"))
    seen = f"total {held[0]} = invoices {billed}; credited {credited}; invoiced {held[2]} GBP"
    words = ("order, invoices and credit notes agree to the cent", "订单、发票、红字发票分文不差")
    teller.sheet.claim(held == (billed, billed, billed - credited), *words, seen)

    bought, (others, _) = teller.read("finance", instead), papers(teller, instead)
    seen = f"{bought['number']} {bought['total']} GBP: {', '.join(str(one['number']) for one in others)}"
    holds = len(notes) == 2 and len(others) == 1 and total(others) == total([bought])  # noqa: PLR2004
    teller.sheet.claim(holds, "so do the returned and exchanged goods", "退换货单据一致", seen)
    reference = teller.read("sales", f"/orders/by-ref/demo/{plan.name}")
    teller.sheet.claim(
        reference["id"] == order["id"], "found by its reference", "可按外部编号查到", f"demo/{plan.name}"
    )


def papers(teller: Teller, path: str) -> tuple[list[Body], list[Body]]:
    """Return the invoices and the credit notes of an order."""
    order_id = path.rpartition("/")[2]
    return (
        teller.rows("finance", f"/invoices?order_id={order_id}"),
        teller.rows("finance", f"/credit-notes?order_id={order_id}"),
    )


def changed(entry: Body) -> str:
    """Return in few words what an entry of a timeline changed, and why."""
    found = entry.get("changes")
    changes: Mapping[str, object] = found if isinstance(found, dict) else {}
    told = [_change(name, value) for name, value in changes.items() if name.rsplit("/", 1)[-1] in TOLD]
    reason = entry.get("reason")
    return "; ".join([*told, f"“{reason}”"] if reason else told)


def _change(name: str, value: object) -> str:
    old, new = value if isinstance(value, list) else (None, value)
    if name == "shipment":
        return f"news {new}"
    return f"{name.replace('lines/', 'line ').replace('/', ' ')} {_text(old)} → {_text(new)}"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "·"
    return "·" if value is None else str(value)
