"""The proof: every claim is looked up in the system, and printed with a tick or a cross."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console

from infra.demo import stage, story
from infra.demo.crew import Crew
from infra.demo.excerpt import Row, Totals, totals
from infra.demo.story import Placed, Told

EXPECTED = frozenset({"too_many", "too_many_lines"})
"""The refusals that the excerpt is known to meet."""
ALERT_STATES = ("open", "acknowledged", "ordered", "snoozed", "dismissed", "resolved")
SERIES = "INV"
CONFLICT = 409
ZERO = Decimal(0)


@dataclass
class Sheet:
    """What was claimed, and whether all of it is so."""

    console: Console
    failed: int = 0

    def claim(self, holds: bool, english: str, chinese: str, seen: str) -> None:  # noqa: FBT001
        """Print one claim with what was seen."""
        self.failed += not holds
        mark = "[green]✓[/]" if holds else "[bold red]✗[/]"
        self.console.print(f" {mark} {english} · {chinese}", highlight=False, soft_wrap=True)
        self.console.print(f"     {seen}", markup=False, highlight=False, style="dim", soft_wrap=True)


@dataclass(frozen=True)
class Billed:
    """What the system holds of one order, as it is after all that was cancelled, and of its documents."""

    placed: Placed
    order: dict[str, object]
    invoices: Sequence[dict[str, object]]
    credit_notes: Sequence[dict[str, object]]

    @property
    def in_force(self) -> Decimal:
        """Return what the order's units in force are worth; of a wholly cancelled order its total stays."""
        return ZERO if self.order["status"] == "cancelled" else _amount(self.order, "total")

    @property
    def due(self) -> Decimal:
        """Return what is left of the order's invoices after its credit notes."""
        billed = sum((_amount(one, "total") for one in self.invoices), ZERO)
        return billed - sum((_amount(one, "total") for one in self.credit_notes), ZERO)


def bills(crew: Crew, told: Told) -> list[Billed]:
    """Look up every order and its documents, in the lists of all; credit notes where there are any."""
    orders = {str(row["id"]): row for row in crew.rows("/orders", as_="auditor")}
    invoices: dict[str, list[dict[str, object]]] = {}
    for invoice in crew.rows("/invoices", as_="finance"):
        invoices.setdefault(str(invoice["order_id"]), []).append(invoice)
    credited = {one.sale for one in told.cancelled}

    def notes(placed: Placed) -> list[dict[str, object]]:
        if placed.sale.invoice not in credited:
            return []
        found = crew.must("GET", f"/credit-notes?order_id={placed.order['id']}", as_="finance").body["data"]
        return found if isinstance(found, list) else []

    held = [(str(one.order["id"]), one) for one in told.placed]
    return [Billed(one, orders[name], invoices.get(name, []), notes(one)) for name, one in held]


def amounts(sheet: Sheet, told: Told, billed: Sequence[Billed], reference: Totals) -> None:
    """Claim that what was taken, as the system says, and what is listed make the reference to the cent."""
    # An order's own amounts fall with what is cancelled of it; what was sold stays on its invoice.
    sold = sum((_amount(invoice, "net") for one in billed for invoice in one.invoices), ZERO)
    credited = sum((_amount(note, "net") for one in billed for note in one.credit_notes), ZERO)
    rows: list[Row] = [row for left in told.left for row in left.rows]
    listed = totals(rows)
    _sum(sheet, "sales", "销售", (sold, listed.sales, reference.sales))
    _sum(sheet, "cancellations", "取消", (-credited, listed.cancelled, reference.cancelled))
    _sum(sheet, "net total", "净额", (sold - credited, listed.net, reference.net))
    sheet.claim(
        told.refusals <= EXPECTED,
        "orders were refused only for having too many lines or SKUs",
        "订单仅因行数或商品数超限被拒",
        ", ".join(sorted(told.refusals)) or "none refused",
    )


def _sum(sheet: Sheet, english: str, chinese: str, parts: tuple[Decimal, Decimal, Decimal]) -> None:
    taken, listed, expected = parts
    seen = f"{taken:,.2f} taken + {listed:,.2f} listed = {taken + listed:,.2f}; reference {expected:,.2f} GBP"
    sheet.claim(
        taken + listed == expected,
        f"{english}: taken + not taken = reference",
        f"{chinese}：已接收 + 未接收 = 参考值",
        seen,
    )


def invoices(sheet: Sheet, crew: Crew, told: Told, billed: Sequence[Billed]) -> None:
    """Claim that every order has one invoice, is worth what that leaves, and that the series has no gap."""
    odd = [one.placed.sale.invoice for one in billed if len(one.invoices) != 1 or one.due != one.in_force]
    numbers = {str(invoice["number"]) for one in billed for invoice in one.invoices}
    ordered = sum((one.in_force for one in billed), ZERO)
    invoiced = sum((_amount(invoice, "total") for one in billed for invoice in one.invoices), ZERO)
    credited = invoiced - sum((one.due for one in billed), ZERO)
    sheet.claim(
        not odd and len(numbers) == len(told.placed),
        "one invoice per order, and each order = its invoice − its credit notes",
        "每张订单恰有一张发票，订单金额＝发票－红字发票",
        f"{len(told.placed)} orders, {len(numbers)} invoices, {ordered:,.2f} = "
        f"{invoiced:,.2f} − {credited:,.2f} GBP" + (f"; not so: {', '.join(odd[:10])}" if odd else ""),
    )
    proof = crew.must("GET", f"/invoice-series/{SERIES}/proof", as_="finance").body
    count, last = int(str(proof["count"])), str(proof["last"])
    gapless = not proof["missing"] and not proof["repeated"] and not proof.get("out_of_order")
    ends = str(proof["first"]).endswith("-000001") and int(last.rpartition("-")[2]) == count
    sheet.claim(
        gapless and ends and count >= len(numbers) > 0,
        "invoice numbers run 1..n without gap or repeat",
        "发票号 1..n 连续无重复",
        f"{proof['first']} … {last}: {count}; missing {proof['missing']}, repeated {proof['repeated']}",
    )


def repeated(sheet: Sheet, crew: Crew, told: Told) -> None:
    """Claim that the same request again, and the same reference under a new key, give the same order."""
    first = told.placed[0]
    again = story.place(crew, first.sale)
    body = story.body_of(first.sale)
    renamed = crew.caller.call("POST", "/orders", body, as_="sales_manager", key=str(uuid.uuid4()))
    same = {first.order["id"]} == {again.body.get("id"), renamed.body.get("id")}
    sheet.claim(
        same and again.is_replayed and renamed.is_replayed,
        "a repeated request returns the same order",
        "重复请求返回同一订单",
        f"{first.order['number']}: Idempotency-Replayed {again.is_replayed}, under a new key "
        f"{renamed.is_replayed} ({renamed.status})",
    )


def too_many(sheet: Sheet, crew: Crew, told: Told) -> None:
    """Claim that an order beyond the stock is refused, naming the SKU that is short and no other."""
    short, enough = told.rules[0].sku, told.rules[1].sku
    available = int(str(crew.must("GET", f"/stock/{short}", as_="sales_manager").body["available"]))
    lines = [{"sku": enough, "quantity": 1}, {"sku": short, "quantity": available + 1}]
    body = {"customer_ref": stage.CASH, "lines": lines}
    answer = crew.caller.call("POST", "/orders", body, as_="sales_manager", key=str(uuid.uuid4()))
    errors = answer.body.get("errors")
    named = [one.get("meta", {}) for one in errors] if isinstance(errors, list) else []
    wanted = {"sku": short, "requested": available + 1, "available": available}
    sheet.claim(
        answer.status == CONFLICT
        and answer.code == "insufficient_stock"
        and len(named) == 1
        and named[0] == named[0] | wanted,
        "an order too many is refused and names what is short",
        "超出库存的订单被拒并指明缺货商品",
        f"{answer.status} {answer.code}: {named}",
    )


def low_stock(sheet: Sheet, crew: Crew, told: Told, mail: str) -> None:
    """Claim that the best sellers ran low, and that purchasing was told of each."""
    watched = {rule.sku for rule in told.rules}
    alerts = {
        str(row["id"]): str(row["sku"])
        for state in ALERT_STATES
        for row in crew.rows(f"/stock-alerts?status={state}", as_="purchasing")
        if row["sku"] in watched
    }
    told_of = {name for name in alerts if name in mail}
    sheet.claim(
        bool(alerts) and told_of == set(alerts) and set(alerts.values()) == watched,
        "low-stock alerts reached purchasing",
        "低库存预警已送达采购",
        f"{len(watched)} SKUs watched, {len(alerts)} alerts, {len(told_of)} of them in the mailbox: "
        + ", ".join(sorted(set(alerts.values()))),
    )


def shipments(sheet: Sheet, crew: Crew, told: Told) -> None:
    """Claim that what was sent has left the shelf: wholly, and the last one in part."""
    states = [str(crew.must("GET", one.path, as_="warehouse").body["fulfilment"]) for one in told.sent]
    whole, part = states.count("fulfilled"), states.count("partial")
    sheet.claim(
        whole == story.SENT - 1 and part == 1,
        "orders were shipped wholly and in part",
        "订单已整单及部分发货",
        f"{whole} fulfilled, {part} partial",
    )


def _amount(resource: dict[str, object], name: str) -> Decimal:
    return Decimal(str(resource[name]))
