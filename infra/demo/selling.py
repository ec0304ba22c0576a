"""The morning of an order: drafted, validated, quoted twice, accepted, approved, amended."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.demo import day, stage
from infra.demo.day import Day
from infra.demo.prices import PRICE_LIST
from infra.demo.teller import Ask, Body, Teller, rows

VALIDATION = "/order-validations"
QUOTE = {"valid_days": 14, "reserve": True}
FORBIDDEN = 403


def sell(teller: Teller, plan: Day) -> Body:
    """Tell the story up to a confirmed and amended order, and return it."""
    order = _draft(teller, plan)
    path = f"/orders/{order['id']}"
    teller.remember([str(one["event"]) for one in teller.crew.rows(f"{path}/timeline", as_="auditor")])
    _validate(teller, plan)
    _quote(teller, plan, path)
    _approve(teller, plan, path)
    return _amend(teller, plan, path)


def _draft(teller: Teller, plan: Day) -> Body:
    def look(order: Body) -> tuple[bool, str]:
        lines = rows(order, "lines")
        listed = all(one["price_source"] == f"price_list:{PRICE_LIST}" for one in lines)
        goods = ", ".join(f"{one['quantity']} × {one['sku']} at {one['unit_price']}" for one in lines)
        return order["status"] == "draft" and listed, f"{goods} = {order['total']} GBP ({_source(lines)})"

    words = (f"rows of invoice {plan.sale.invoice} are drafted", "销售按真实发票行起草订单")
    return teller.step("draft", words, Ask("sales", "POST", "/orders", plan.order()), look)


def _validate(teller: Teller, plan: Day) -> None:
    if not teller.is_new("order.quoted"):
        return

    def look(verdict: Body) -> tuple[bool, str]:
        errors = rows(verdict, "errors")
        told = "; ".join(f"{one['code']}: {one['detail']}" for one in errors)
        found = {one["code"] for one in errors}
        return {"insufficient_stock", "credit_limit_exceeded"} <= found and not verdict["valid"], told

    # The reference is the draft's by now.
    body = {name: said for name, said in plan.order(day.FAR_TOO_MANY).items() if name != "external_ref"}
    words = ("far too much: all that stands against it is said at once", "校验一次列出全部问题：库存与信用")
    teller.step("validate", words, Ask("sales", "POST", VALIDATION, body), look)
    wanted = Ask("sales", "POST", VALIDATION, body | {"lines": plan.lines()})
    words = ("as drafted: price, stock and credit are good", "按草稿校验：价格、库存、信用均通过")
    teller.step("validate", words, wanted, _is_valid)


def _is_valid(verdict: Body) -> tuple[bool, str]:
    order = verdict["order"]
    total = order["total"] if isinstance(order, dict) else "?"
    return verdict["valid"] is True, f"valid, {total} GBP, approvals {verdict['approvals']}"


def _quote(teller: Teller, plan: Day, path: str) -> None:
    sku = plan.goods[0].sku

    def kept(order: Body) -> tuple[bool, str]:
        stock = teller.read("sales", f"/stock/{sku}")
        line = rows(order, "lines")[0]
        said = f"version {order['quote_version']}, valid until {order['expires_at']}, {order['total']} GBP"
        holds = order["status"] == "quoted" and line["reserved"] == line["quantity"]
        seen = f"{said}; {sku}: {line['reserved']} kept at {line['unit_price']}, {stock['available']} left"
        return holds, seen

    first = Ask("sales", "POST", f"{path}/quote", QUOTE)
    teller.step("quote", ("quoted, with its stock kept", "报价并预留库存"), first, kept)
    revise = Ask("sales", "POST", f"{path}/revise", {"reason": "they want twice the first line"})
    teller.silent("revise", revise)
    more = {"lines": [{"line": 1, "quantity": plan.units(1) * 2}]}
    teller.silent("more", Ask("sales", "PATCH", path, more, teller.etag("sales", path)))
    again = ("they want more: quoted again, at a lower tier", "客户加量：修订后重新报价，适用更低阶梯价")
    teller.step("requote", again, first, kept)
    quoted = day.quoted(teller.rows("sales", f"{path}/versions"))
    seen = ", ".join(f"version {number}: {total} GBP" for number, total in sorted(quoted.items()))
    teller.sheet.claim(quoted.keys() == {1, 2}, "both versions are kept", "两个报价版本均可查", seen)


def _approve(teller: Teller, plan: Day, path: str) -> None:
    def asked(order: Body) -> tuple[bool, str]:
        waiting = order.get("waiting")
        rules = rows(waiting, "rules") if isinstance(waiting, dict) else []
        told = "; ".join(f"{one['name']} ({_figures(one['inputs'])})" for one in rules)
        return order["status"] == "pending_approval", f"{order['status']}: {told}"

    words = ("accepted; an approval rule asks first", "客户接受；审批规则要求审批")
    with _ruled(teller, plan):
        teller.step("accept", words, Ask("sales", "POST", f"{path}/accept"), asked)
    approval = Ask("sales", "POST", f"{path}/approve")
    if teller.is_new("order.approved"):
        words = ("whoever drafted it may not approve it", "起草人不能自行审批")
        teller.refused("approve-own", words, approval, FORBIDDEN, "forbidden")
        listed = teller.rows("sales_manager", "/approvals")
        waiting = [one for one in listed if path.endswith(str(one["order_id"]))]
        seen = ", ".join(f"{one['number']} {one['total']} GBP by {one['requested_by']}" for one in waiting)
        words = ("the manager finds it among what waits", "经理在待审批列表中看到它")
        teller.sheet.claim(len(waiting) == 1, *words, f"sales_manager: {seen}")
    approval = Ask("sales_manager", "POST", f"{path}/approve", {"reason": "a good customer"})
    teller.step("approve", ("and approves it", "经理批准，订单生效"), approval, _is_confirmed)


def _is_confirmed(order: Body) -> tuple[bool, str]:
    return order["status"] == "confirmed", f"{order['number']} {order['status']}, {order['total']} GBP"


@contextmanager
def _ruled(teller: Teller, plan: Day) -> Iterator[None]:
    """Let the company have the day's approval rule for a while."""
    rule = {"id": day.RULE, "name": "demo: large orders", "currency": stage.CURRENCY}
    rule["total_above"] = str(plan.threshold)
    _put_settings(teller, rule)
    try:
        yield
    finally:
        _put_settings(teller, None)


def _put_settings(teller: Teller, rule: dict[str, str] | None) -> None:
    body = day.with_rule(teller.read("admin", "/settings"), rule)
    teller.crew.must("PUT", "/settings", body, as_="admin")


def _amend(teller: Teller, plan: Day, path: str) -> Body:
    units = plan.units(2)
    change = {"lines": [{"line": 2, "quantity": units + units // 2}], "reason": "half as much again"}
    etag = teller.etag("sales", path)
    if teller.is_new("order.amended"):
        preview = Ask("sales", "PATCH", f"{path}?preview=true", change, etag)
        words = ("half as much again of line 2: a preview", "追加第 2 行：先预览差额")
        teller.step("preview", words, preview, _differs)
    words = ("and the amendment itself", "确认变更")
    return teller.step("amend", words, Ask("sales", "PATCH", path, change, etag), _is_confirmed)


def _differs(preview: Body) -> tuple[bool, str]:
    found = preview["difference"]
    difference = found if isinstance(found, dict) else {}
    stock = ", ".join(f"{one['sku']} {one['reserved']:+d}" for one in rows(difference, "stock"))
    seen = f"total {difference['total']}, credit {difference['credit']} GBP, stock {stock}"
    return bool(stock) and not preview["errors"], seen


def _figures(inputs: object) -> str:
    return ", ".join(f"{name} {said}" for name, said in inputs.items()) if isinstance(inputs, dict) else ""


def _source(lines: list[Body]) -> str:
    return ", ".join(sorted({f"price_source {one['price_source']}" for one in lines}))
