"""Which command leads an order from which state to which; code, answers, docs and buttons read this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from soms.kit.problems import Fault, InvalidState, Words
from soms.orders.model import Order, Status
from soms.orders.quantities import cancellable, returnable, shippable

Guard = Callable[[Order, datetime], bool]


@dataclass(frozen=True)
class Step:
    """One command: the states it leads from, each with those it may lead to, and what else must be so."""

    command: str
    leads: Mapping[Status, tuple[Status, ...]]
    guard: Words
    holds: Guard
    by_clients: bool = True


def _always(_order: Order, _now: datetime) -> bool:
    return True


def _valid(order: Order, now: datetime) -> bool:
    return order.expires_at is not None and now < datetime.fromisoformat(order.expires_at)


def is_over(order: Order, now: datetime) -> bool:
    """Tell whether a quote's time is up, or it never had any."""
    return not _valid(order, now)


def _waits(order: Order, _now: datetime) -> bool:
    return order.waiting is not None


def _settled(order: Order, _now: datetime) -> bool:
    return order.waiting is None


def _untouched(order: Order, _now: datetime) -> bool:
    return any(cancellable(line) for line in order.lines)


def _ready(order: Order, _now: datetime) -> bool:
    return not order.holds and any(shippable(line) for line in order.lines)


def _begun(order: Order, _now: datetime) -> bool:
    return any(line.shipped for line in order.lines)


def _came(order: Order, _now: datetime) -> bool:
    return any(returnable(line) for line in order.lines)


def _held(order: Order, _now: datetime) -> bool:
    return bool(order.holds)


MEANINGS: Final[Mapping[Status, Words]] = {
    "draft": ("being put together; takes neither stock nor credit", "草拟中，不占用库存和信用"),
    "quoted": ("offered at fixed prices until it expires", "已报价，有效期内价格不变"),
    "pending_approval": ("waits for approval; holds only what its quote kept", "待审批，仅占用报价预留"),
    "confirmed": ("binding: stock reserved, credit taken", "已生效：库存已预留，信用已占用"),
    "closed": ("ended after part of it was shipped; the rest is cancelled", "部分发货后关闭，其余已取消"),
    "completed": ("everything shipped, billed and paid", "全部发货、开票并收款"),
    "cancelled": ("called off before anything was shipped", "发货前已取消"),
    "expired": ("a quote whose time ran out", "报价已过有效期"),
    "lost": ("a quote that the customer did not take", "客户未接受的报价"),
    "discarded": ("a draft that was thrown away", "已作废的草稿"),
}
TABLE: Final[tuple[Step, ...]] = (
    Step(
        "amend",
        {"draft": ("draft",), "confirmed": ("confirmed", "cancelled")},
        ("nothing waits", "无待审批事项"),
        _settled,
    ),
    Step("quote", {"draft": ("quoted",)}, ("priced, with a validity", "已定价并有有效期"), _always),
    Step(
        "confirm",
        {"draft": ("confirmed", "pending_approval")},
        ("stock, credit", "库存与信用"),
        _always,
    ),
    Step("discard", {"draft": ("discarded",)}, ("", ""), _always),
    Step("revise", {"quoted": ("draft",)}, ("", ""), _always),
    Step(
        "accept",
        {"quoted": ("confirmed", "pending_approval")},
        ("still valid; stock, credit", "仍在有效期内；库存与信用"),
        _valid,
    ),
    Step("lose", {"quoted": ("lost",)}, ("", ""), _always),
    Step("expire", {"quoted": ("expired",)}, ("no longer valid", "已过有效期"), is_over, by_clients=False),
    Step(
        "approve",
        {"pending_approval": ("confirmed", "pending_approval"), "confirmed": ("confirmed", "cancelled")},
        ("something waits; not by whoever asked; stock, credit", "有待审批事项；非申请人；库存与信用"),
        _waits,
    ),
    Step(
        "reject",
        {"pending_approval": ("draft",), "confirmed": ("confirmed",)},
        ("something waits; a reason", "有待审批事项；须有理由"),
        _waits,
    ),
    Step(
        "recall",
        {"pending_approval": ("draft",), "confirmed": ("confirmed",)},
        ("something waits; a reason", "有待审批事项；须有理由"),
        _waits,
    ),
    Step(
        "cancel",
        {"confirmed": ("cancelled", "confirmed")},
        ("units not shipped; the whole only while nothing is", "仅限未发数量；整单取消须未发货"),
        _untouched,
    ),
    Step("ship", {"confirmed": ("confirmed",)}, ("reserved, and no hold", "已占用库存且无冻结"), _ready),
    Step("close", {"confirmed": ("closed",)}, ("something shipped", "已有发货"), _begun),
    Step("reopen", {"closed": ("confirmed",), "completed": ("confirmed",)}, ("credit", "信用"), _always),
    Step(
        "return",
        {"confirmed": ("confirmed",), "closed": ("closed",), "completed": ("completed",)},
        ("shipped and not returned", "已发且未退"),
        _came,
    ),
    Step("hold", {"confirmed": ("confirmed",)}, ("", ""), _always),
    Step(
        "release",
        {"confirmed": ("confirmed",)},
        ("a hold; whoever may lift it", "有冻结；有权解除者"),
        _held,
    ),
    Step(
        "complete",
        {"confirmed": ("completed",)},
        ("nothing open to ship, bill or pay", "无待发、待开票、待收款"),
        _always,
        by_clients=False,
    ),
)
STEPS: Final = {step.command: step for step in TABLE}


def allowed(order: Order, now: datetime) -> list[str]:
    """Return the commands that the order's state and quantities allow at an instant."""
    return [step.command for step in TABLE if step.by_clients and _allows(step, order, now)]


def require(order: Order, command: str, now: datetime) -> None:
    """Raise InvalidState, with what is allowed, unless the table and the quantities allow the command."""
    if not _allows(STEPS[command], order, now):
        refuse(order, command, now)


def moved(order: Order, command: str, to: Status) -> Order:
    """Return the order in the state that a command leads to, as the table has it."""
    if to not in STEPS[command].leads.get(order.status, ()):
        message = f"{command} does not lead from {order.status} to {to}"
        raise LookupError(message)
    return order.model_copy(update={"status": to})


def refuse(order: Order, command: str, now: datetime) -> NoReturn:
    """Raise InvalidState with what is allowed, and with the holds where they are in the way."""
    problem = InvalidState(command=command, state=order.status, allowed=allowed(order, now))
    if command == "ship" and order.status == "confirmed":
        problem.faults = tuple(
            Fault("on_hold", (hold.reason, hold.reason), meta={"hold": hold.id, "kind": hold.kind})
            for hold in order.holds
        )
    raise problem


def _allows(step: Step, order: Order, now: datetime) -> bool:
    return order.status in step.leads and step.holds(order, now)
