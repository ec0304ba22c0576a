"""The story: real orders from several clients at once, what was cancelled, what was sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.demo import plan, stage
from infra.demo.client import Answer
from infra.demo.crew import Crew
from infra.demo.excerpt import Row
from infra.demo.plan import Cancellation, NotTaken, Reordering, Sale

SENT = 6


@dataclass(frozen=True)
class Placed:
    """An order as the system answered it."""

    sale: Sale
    order: dict[str, object]

    @property
    def path(self) -> str:
        """Return the order's own path."""
        return f"/orders/{self.order['id']}"


@dataclass
class Told:
    """What became of the excerpt."""

    rules: list[Reordering]
    placed: list[Placed] = field(default_factory=list)
    cancelled: list[Cancellation] = field(default_factory=list)
    sent: list[Placed] = field(default_factory=list)
    left: list[NotTaken] = field(default_factory=list)
    refusals: set[str] = field(default_factory=set)
    replayed: int = 0

    def order_of(self, invoice: str) -> Placed:
        """Return the order that an invoice of the excerpt became."""
        return next(one for one in self.placed if one.sale.invoice == invoice)


def tell(
    crew: Crew,
    everything: Sequence[Row],
    rows: Sequence[Row],
    listed: Sequence[Row],
    settled: Callable[[], None],
) -> Told:
    """Let the rows travel through the system; `settled` waits until streams are worked off.

    The goods of `listed` are in the customers' price list.
    """
    sales, write_offs = plan.sales(rows)
    rules = stage.set_up(crew, plan.sales(everything)[0], sales, listed)
    told = Told(rules, left=write_offs)
    answers = crew.each("orders 订单", sales, lambda sale: place(crew, sale))
    refused = []
    for sale, answer in zip(sales, answers, strict=True):
        if answer.is_good:
            told.placed.append(Placed(sale, answer.body))
            told.replayed += answer.is_replayed
        else:
            code = reason_of(answer)
            refused.append(sale)
            told.refusals.add(code)
            told.left.append(NotTaken(sale.rows, code))
    # An invoice that is cancelled before it is issued would only become smaller; here it is credited.
    settled()
    told.cancelled, left = plan.cancellations(rows, [one.sale for one in told.placed], refused)
    told.left += left
    crew.each("cancellations 取消", told.cancelled, lambda one: _cancel(crew, told, one))
    told.sent = _sent(told)
    crew.each("shipments 发货", list(enumerate(told.sent)), lambda one: _ship(crew, *one))
    settled()
    return told


def body_of(sale: Sale) -> dict[str, object]:
    """Return the request that places a sale's order, with the prices of its invoice."""
    lines = [{"sku": row.sku, "quantity": row.quantity, "unit_price": str(row.price)} for row in sale.rows]
    return {
        "customer_ref": stage.reference_of(sale),
        "currency": stage.CURRENCY,
        "external_ref": {"source": stage.SOURCE, "id": sale.invoice},
        "lines": lines,
    }


def place(crew: Crew, sale: Sale) -> Answer:
    """Place a sale's order, under a key that follows from its invoice."""
    key = f"online-retail-{sale.invoice}"
    return crew.caller.call("POST", "/orders", body_of(sale), as_="sales_manager", key=key)


def reason_of(answer: Answer) -> str:
    """Return the most particular code of a refusal."""
    errors = answer.body.get("errors")
    if isinstance(errors, list) and errors:
        return str(errors[0].get("code"))
    return answer.code


def _cancel(crew: Crew, told: Told, one: Cancellation) -> None:
    lines = [{"line": line, "quantity": units} for line, units in sorted(one.units.items())]
    body = {"reason": f"cancelled by {one.invoice}", "lines": lines}
    path = f"{told.order_of(one.sale).path}/cancel"
    crew.must("POST", path, body, as_="sales_manager", key=f"online-retail-{one.invoice}")


def _sent(told: Told) -> list[Placed]:
    """Choose the first orders that nothing was cancelled of and that have a second line."""
    touched = {one.sale for one in told.cancelled}
    whole = [one for one in told.placed if one.sale.invoice not in touched and len(one.sale.rows) > 1]
    return whole[:SENT]


def _ship(crew: Crew, index: int, placed: Placed) -> None:
    """Send an order, the last one chosen in part only."""
    body: dict[str, object] = {"carrier": "Royal Mail"}
    if index == SENT - 1:
        body["lines"] = [{"line": 1, "quantity": placed.sale.rows[0].quantity}]
    crew.must("POST", f"{placed.path}/shipments", body, as_="warehouse", key="demo-shipment")
