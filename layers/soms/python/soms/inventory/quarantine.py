"""Goods that lie apart until it is known what becomes of them: held, released and scrapped by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from soms.inventory import commands, store
from soms.inventory.commands import Step
from soms.inventory.model import Delta, Stock, StockItem
from soms.kit import items
from soms.kit.access import Caller
from soms.kit.fields import Code, Quantity, Request
from soms.kit.problems import Fault, Problem
from soms.kit.writes import decide

Action = Literal["hold", "release", "scrap"]
MOVES: Final[Mapping[Action, tuple[str, int, int]]] = {
    "hold": ("quarantine", -1, 1),
    "release": ("restock", 1, -1),
    "scrap": ("scrap", 0, -1),
}
"""Action → the trade's word, and what a unit does on hand and in quarantine."""


class QuarantineRequest(Request):
    """What happens to units by hand: held apart, released to the shelf again, or scrapped."""

    warehouse: Code = "main"
    quantity: Quantity
    action: Action
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class InsufficientQuarantine(Problem):
    """There is less in quarantine than is to leave it."""

    status = 409
    code = "insufficient_quarantine"
    title = ("Not so much in quarantine", "隔离库存不足")
    detail = ("Look at `errors` for what is short.", "详见 errors 中列出的商品。")


def move(
    sku: str, request: QuarantineRequest, caller: Caller, *, now: datetime
) -> tuple[Stock, items.Item]:
    """Hold units apart, release or scrap them; return the counters afterwards and the movement."""
    word, on_hand, apart = MOVES[request.action]
    moved = Delta(on_hand=on_hand * request.quantity, quarantine=apart * request.quantity)

    def attempt() -> tuple[Stock, items.Item]:
        item, before = commands.stocked(sku, request.warehouse)
        step = Step(item, before, moved, word, request.reason)
        if step.after.available < 0:
            raise store.short(item, request.quantity, before.available, ["/quantity"])
        if step.after.quarantine < 0:
            raise short(item, request.quantity, before.quarantine, "/quantity")
        return commands.by_hand(step, caller, now=now)

    return decide(attempt)


def short(item: StockItem, requested: int, held: int, pointer: str | None) -> InsufficientQuarantine:
    """Return the refusal of more than is in quarantine."""
    words = (
        f"{item.sku}: {requested} asked for, {held} in quarantine",
        f"{item.sku}：需要 {requested}，隔离中 {held}",
    )
    meta = {"sku": item.sku, "warehouse": item.warehouse, "requested": requested, "quarantine": held}
    return InsufficientQuarantine(faults=[Fault("insufficient_quarantine", words, pointer, meta=meta)])
