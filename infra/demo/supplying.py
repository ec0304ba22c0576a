"""A week in the warehouse: an order waits, purchasing orders, a delivery fills it, a count finds less."""

from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import quote

from infra.demo import stage
from infra.demo.crew import Crew
from infra.demo.day import Day
from infra.demo.proof import Sheet
from infra.demo.teller import Ask, Body, Teller, rows

NAME = "supply"
SUPPLIER = "LONDON-GIFTS"
OPENING, ORDERED, FIRST, MISSING = 10, 14, 6, 2
POINT, TARGET, PACK, LEAD = 8, 40, 6, 7
LOST = "order.reservation_lost"
Settled = Callable[[], None]


def tell(sheet: Sheet, crew: Crew, today: Day, settled: Settled, sales_mail: Callable[[], str]) -> None:
    """Tell how goods that are not there are waited for, bought, received, counted and missed."""
    sheet.console.print("[bold]A week in the warehouse[/] 仓库的一周")
    sku = _set_up(crew, today)
    teller = Teller(sheet, crew, NAME)
    path = _wait(teller, today, sku)
    settled()
    teller.remember([str(one["event"]) for one in teller.crew.rows(f"{path}/timeline", as_="auditor")])
    purchase = _buy(teller, path, sku)
    _deliver(teller, path, purchase, FIRST, settled)
    _count(teller, path, sku, settled, sales_mail)
    _deliver(teller, path, purchase, None, settled)
    _explain(teller, sku)


def _set_up(crew: Crew, today: Day) -> str:
    """Offer a ware of the day a second time, so that nobody else's stock and alerts are touched."""
    row = today.goods[0]
    sku = f"{NAME.upper()}-{row.sku}"
    ware = {"name": row.name, "unit_price": str(row.price), "currency": stage.CURRENCY, "tax_rate": "0"}
    crew.must("PUT", f"/products/{quote(sku)}", ware, as_="sales_manager", key=f"demo-{NAME}")
    opening = {"delta": OPENING, "reason": "receipt", "unit_cost": "1.00", "note": "opening stock"}
    crew.must("POST", f"/stock/{quote(sku)}/adjustments", opening, as_="warehouse", key=f"demo-{NAME}")
    rule = {"point": POINT, "target": TARGET, "pack": PACK, "lead_time_days": LEAD, "supplier": SUPPLIER}
    crew.must("PUT", f"/stock/{quote(sku)}/reorder-rule", rule, as_="purchasing", key=f"demo-{NAME}")
    return sku


def _wait(teller: Teller, today: Day, sku: str) -> str:
    body = {
        "customer_ref": {"source": "demo", "id": today.name},
        "external_ref": {"source": "demo", "id": NAME},
        "lines": [{"sku": sku, "quantity": ORDERED}],
        "backorder": "allow",
    }

    def look(order: Body) -> tuple[bool, str]:
        told = _held(order)
        return told == (OPENING, ORDERED - OPENING), f"{sku}: {told[0]} reserved, {told[1]} wait for goods"

    words = (f"{ORDERED} are ordered, {OPENING} are there: the rest waits", "库存不足：先占用现有，其余待补")
    order = teller.step("order", words, Ask("sales", "POST", "/orders", body), look)
    return f"/orders/{order['id']}"


def _buy(teller: Teller, path: str, sku: str) -> Body:
    new = teller.is_new(LOST)
    listed = teller.crew.rows("/purchase-suggestions", as_="purchasing")
    suggested = [one for one in listed if one["sku"] == sku]
    if new:
        told = "; ".join(str(one["reason"]) for one in suggested)
        words = ("purchasing is told what to buy, and why", "采购建议：数量与理由")
        teller.sheet.claim(len(suggested) == 1, *words, f"purchasing: {told}")
    placed = date.fromisoformat(str(teller.read("sales", path)["placed_at"])[:10])
    units = int(str(suggested[0]["quantity"])) if suggested else _units()
    body = {
        "supplier": SUPPLIER,
        "expected_on": (placed + timedelta(days=LEAD)).isoformat(),
        "lines": [{"sku": sku, "quantity": units, "unit_cost": "1.20"}],
    }

    def look(purchase: Body) -> tuple[bool, str]:
        line = rows(purchase, "lines")[0]
        return purchase["status"] == "ordered", f"{purchase['number']}: {line['quantity']} × {line['sku']}"

    words = ("the suggestion becomes a purchase order", "采购建议转为采购单")
    purchase = teller.step("buy", words, Ask("purchasing", "POST", "/purchase-orders", body), look)
    if new:
        line = rows(teller.read("sales", path), "lines")[0]
        words = ("and the order says when its goods are expected", "订单显示预计到货日")
        day = line.get("expected_on")
        seen = f"sales: {line['backordered']} expected on {day}"
        teller.sheet.claim(day == body["expected_on"], *words, seen)
    return purchase


def _units() -> int:
    """Return what is suggested for a position of so many: up to the target, in whole packs."""
    return -(-(TARGET - (OPENING - ORDERED)) // PACK) * PACK


def _deliver(teller: Teller, path: str, purchase: Body, units: int | None, settled: Settled) -> None:
    name = "all" if units is None else "part"
    body: dict[str, object] = {"reference": f"delivery {name}"}
    if units is not None:
        body["lines"] = [{"line": 1, "quantity": units}]
    before = _held(teller.read("sales", path))
    ask = Ask("warehouse", "POST", f"/purchase-orders/{purchase['id']}/receipts", body)
    fresh = not teller.silent(f"receive-{name}", ask).is_replayed
    settled()
    after = _held(teller.read("sales", path))
    words = ("a delivery arrives and fills what waits", "到货后自动补足待补订单")
    if fresh:
        seen = f"warehouse: waiting {before[1]} → {after[1]}, reserved {before[0]} → {after[0]}"
        teller.sheet.claim(after == (ORDERED, 0), *words, seen)


def _count(teller: Teller, path: str, sku: str, settled: Settled, sales_mail: Callable[[], str]) -> None:
    opened = teller.silent("count", Ask("warehouse", "POST", "/counts", {"skus": [sku]})).body
    count = f"/counts/{opened['id']}"
    if not teller.is_new(LOST):
        return
    found = {"counted": ORDERED - MISSING}
    teller.silent("found", Ask("warehouse", "PUT", f"{count}/lines/{quote(sku)}", found))
    teller.silent("submit", Ask("warehouse", "POST", f"{count}/submit", {"uncounted": "skip"}))

    def look(posted: Body) -> tuple[bool, str]:
        line = rows(posted, "lines")[0]
        seen = f"{line['counted']} of {line['on_hand_when_counted']} found"
        return posted["status"] == "posted", seen

    words = ("a count finds less than is promised", "盘点少于已占用数量")
    teller.step("post", words, Ask("warehouse", "POST", f"{count}/post"), look)
    settled()
    order = teller.read("sales", path)
    reserved, waiting = _held(order)
    words = ("what is missing waits for goods again", "缺少的数量转为待补")
    seen = f"sales: {reserved} reserved, {waiting} wait"
    teller.sheet.claim((reserved, waiting) == (ORDERED - MISSING, MISSING), *words, seen)
    letter = next((one for one in sales_mail().split("\n") if str(order["number"]) in one), "")
    words = ("and whoever looks after the order is told", "并通知负责的销售")
    teller.sheet.claim(bool(letter), *words, letter)


def _explain(teller: Teller, sku: str) -> None:
    stock = teller.read("warehouse", f"/stock/{quote(sku)}")
    moved = teller.crew.rows(f"/stock/{quote(sku)}/movements", as_="warehouse")
    total = sum(int(str(delta.get("on_hand", 0))) for one in moved if isinstance(delta := one["delta"], dict))
    told = ", ".join(str(one["reason"]) for one in reversed(moved))
    words = ("every number is the sum of its movements", "每个数字都等于流水之和")
    teller.sheet.claim(total == stock["on_hand"], *words, f"{stock['on_hand']} on hand = {told}")


def _held(order: Body) -> tuple[int, int]:
    line = rows(order, "lines")[0]
    return int(str(line["reserved"])), int(str(line["backordered"]))
