"""The afternoon of an order: sent in two parts, held in between, partly returned, partly exchanged."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.demo.day import Day
from infra.demo.teller import Ask, Body, Teller, rows

CONFLICT, FORBIDDEN, HIDDEN = 409, 403, 404
ON_THE_WAY, AT_THE_DOOR = timedelta(milliseconds=100), timedelta(milliseconds=200)
"""When a parcel is said to be where, after it was sent; the demonstration does not wait for the post."""
BACK = 2


def deliver(teller: Teller, plan: Day, path: str, settled: Callable[[], None]) -> str:
    """Tell the story from the first parcel to the exchange; return the path of the order given instead."""
    teller.refused(
        "peek",
        ("another sales person does not even see it", "其他销售看不到该订单"),
        Ask("sales2", "GET", path),
        HIDDEN,
        "not_found",
    )
    parcel = _send_part(teller, plan, path)
    _news(teller, parcel)
    _hold(teller, path)
    words = ("the rest is sent", "其余发货")
    teller.step("rest", words, Ask("warehouse", "POST", f"{path}/shipments", {"carrier": "DHL"}), _sent)
    _give_back(teller, plan, path, settled)
    return _exchange(teller, plan, path)


def _send_part(teller: Teller, plan: Day, path: str) -> Body:
    body = {"carrier": "Royal Mail", "lines": [{"line": 1, "quantity": plan.units(1)}]}
    words = ("the warehouse sends a part, and sees no prices", "仓库部分发货，且看不到价格")
    parcel = teller.step("part", words, Ask("warehouse", "POST", f"{path}/shipments", body), _sent)
    order = teller.read("warehouse", path)
    priced = {"total", "net", "tax"} & order.keys() or {"unit_price", "net"} & rows(order, "lines")[0].keys()
    seen = f"warehouse: {order['number']} is {order['fulfilment']}, {len(rows(order, 'lines'))} lines"
    teller.sheet.claim(not priced, "no price in what the warehouse reads", "仓库所见无价格", seen)
    return parcel


def _sent(parcel: Body) -> tuple[bool, str]:
    lines = ", ".join(f"line {one['line']}: {one['quantity']}" for one in rows(parcel, "lines"))
    return parcel["status"] == "shipped", f"{parcel['carrier']}: {lines}"


def _news(teller: Teller, parcel: Body) -> None:
    path, left = f"/shipments/{parcel['id']}/events", datetime.fromisoformat(str(parcel["shipped_at"]))
    time.sleep(AT_THE_DOOR.total_seconds())
    delivered = {"status": "delivered", "occurred_at": (left + AT_THE_DOOR).isoformat()}
    late = {"status": "in_transit", "occurred_at": (left + ON_THE_WAY).isoformat(), "place": "Hub"}
    teller.silent("delivered", Ask("warehouse", "POST", path, delivered))

    def look(heard: Body) -> tuple[bool, str]:
        told = [str(one["status"]) for one in rows(heard, "events")]
        seen = f"{heard['status']}; news in order: {', '.join(told)}"
        return heard["status"] == "delivered" and told == ["in_transit", "delivered"], seen

    words = ("the carrier's older news come last and move nothing back", "物流旧消息后到，状态不倒退")
    teller.step("late", words, Ask("warehouse", "POST", path, late), look)


def _hold(teller: Teller, path: str) -> None:
    body = {"kind": "credit", "reason": "an old invoice is open"}
    words = ("finance holds it", "财务冻结订单")
    hold = teller.step("hold", words, Ask("finance", "POST", f"{path}/holds", body), _is_held)
    release = f"{path}/holds/{hold['id']}/release"
    if teller.is_new("order.hold_released"):
        words = ("nothing may be sent now", "冻结期间不能发货")
        ship = Ask("warehouse", "POST", f"{path}/shipments")
        teller.refused("held", words, ship, CONFLICT, "invalid_state")
        words = ("and the sales person may not lift it", "销售无权解除信用冻结")
        teller.refused("lift", words, Ask("sales", "POST", release), FORBIDDEN, "forbidden")
    lifted = Ask("sales_manager", "POST", release, {"reason": "paid this morning"})
    teller.step("release", ("the manager lifts it", "经理解除冻结"), lifted, _is_free)


def _is_held(hold: Body) -> tuple[bool, str]:
    return hold["kind"] == "credit", f"{hold['kind']}: {hold['reason']}"


def _is_free(order: Body) -> tuple[bool, str]:
    return order["holds"] == [], f"no hold; {order['fulfilment']}"


def _come_back(teller: Teller, path: str, name: str, line: dict[str, object], verdict: Body) -> str:
    """Bring units back and look at them; return the path of the return."""
    request = Ask("sales", "POST", f"{path}/returns", {"lines": [line]})
    made = teller.step(name, ("units are to come back", "申请退货"), request, _asked)
    place = f"/returns/{made['id']}"
    approval = Ask("sales_manager", "POST", f"{place}/approve")
    teller.step(f"{name}-approve", ("the manager agrees", "经理同意退货"), approval, _is("approved"))
    receipt = Ask("warehouse", "POST", f"{place}/receive")
    teller.step(f"{name}-receive", ("they arrive", "仓库收货"), receipt, _is("received"))
    body = {"lines": [{"line": line["line"], **verdict}]}
    words = ("and are looked at, unit by unit", "逐件检验")
    teller.step(f"{name}-inspect", words, Ask("warehouse", "POST", f"{place}/inspect", body), _inspected)
    return place


def _asked(returned: Body) -> tuple[bool, str]:
    lines = rows(returned, "lines")
    told = "; ".join(f"{one['quantity']} of line {one['line']}, {one['reason']}" for one in lines)
    return returned["status"] == "requested", told


def _is(status: str) -> Callable[[Body], tuple[bool, str]]:
    return lambda returned: (returned["status"] == status, f"{returned['status']}")


def _inspected(returned: Body) -> tuple[bool, str]:
    fates = ("restock", "scrap", "repair", "send_back")
    line = rows(returned, "inspected")[0]
    told = ", ".join(f"{line[fate]} {fate}" for fate in fates if line[fate])
    return returned["status"] == "inspected", told


def _give_back(teller: Teller, plan: Day, path: str, settled: Callable[[], None]) -> None:
    sku, fresh = plan.goods[0].sku, teller.is_new("return.inspected")
    shelf = teller.read("warehouse", f"/stock/{sku}")["on_hand"]
    line: dict[str, object] = {"line": 1, "quantity": BACK, "reason": "one too many, one broken"}
    place = _come_back(teller, path, "return", line, {"restock": 1, "scrap": 1})
    now = teller.read("warehouse", f"/stock/{sku}")["on_hand"]
    if fresh:
        holds = int(str(now)) == int(str(shelf)) + 1
        words = ("one is back on the shelf, one is scrapped", "一件重新上架，一件报废")
        teller.sheet.claim(holds, *words, f"{sku}: {shelf} → {now} on hand")
    ask = Ask("sales_manager", "POST", f"{place}/resolve", {"resolution": "credit"})
    teller.step("return-resolve", ("both are to be credited", "两件均予贷记"), ask, _is("resolved"))
    settled()
    order_id = path.rpartition("/")[2]
    notes = teller.rows("finance", f"/credit-notes?order_id={order_id}")
    price = Decimal(str(rows(teller.read("sales", path), "lines")[0]["unit_price"]))
    seen = ", ".join(f"{one['number']} {one['total']} GBP" for one in notes)
    first = [one for one in notes if Decimal(str(one["total"])) == BACK * price]
    words = ("the credit note follows by itself", "红字发票自动生成")
    teller.sheet.claim(len(first) == 1, *words, f"finance: {seen}")


def _exchange(teller: Teller, plan: Day, path: str) -> str:
    line: dict[str, object] = {"line": 3, "quantity": 1, "reason": "the wrong colour"}
    place = _come_back(teller, path, "exchange", line, {"restock": 1})
    body = {"resolution": "exchange", "exchange": [{"sku": plan.instead.sku, "quantity": 1}]}

    def look(returned: Body) -> tuple[bool, str]:
        new = teller.read("sales", f"/orders/{returned['exchange_order_id']}")
        line = rows(new, "lines")[0]
        told = f"{new['number']}: {line['quantity']} × {line['sku']} at {line['unit_price']} GBP"
        return new["exchange_of"] == path.rpartition("/")[2] and new["status"] == "confirmed", told

    words = ("credited, and another goes out instead: a new order", "换货：贷记并生成新订单")
    ask = Ask("sales_manager", "POST", f"{place}/resolve", body)
    return f"/orders/{teller.step('exchange-resolve', words, ask, look)['exchange_order_id']}"
