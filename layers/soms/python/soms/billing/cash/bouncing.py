"""Money that did not come: a cheque that is not honoured, a transfer that was taken back."""

from dataclasses import replace
from datetime import datetime

from soms.billing import balances
from soms.billing.cash import collecting
from soms.billing.cash.collecting import TooManyAllocations
from soms.billing.cash.desk import Desk
from soms.billing.cash.payment import MOST_AT_ONCE, OFFLINE, BounceRequest, Payment
from soms.catalog.commands import expected
from soms.catalog.model import Settings
from soms.kit import journal
from soms.kit.access import Caller
from soms.kit.problems import InvalidState, Problem
from soms.kit.writes import Writes, decide


class MethodCannotBounce(Problem):
    """The money of this method has come once it is told."""

    status = 409
    code = "method_cannot_bounce"
    title = ("Money by this method does not bounce", "该收款方式不会退票")
    detail = (
        "Only cheques, transfers, cash and other offline methods bounce; give other money back as a refund.",
        "仅支票、转账、现金等线下方式可退票；其他方式请使用退款。",
    )


def bounce(payment_id: str, request: BounceRequest, caller: Caller, *, now: datetime) -> Payment:
    """Take a payment back from all that it settles, as its money has not come; return it.

    What of it was given back is lost. Raises NotFound, InvalidState, MethodCannotBounce, TooManyAllocations.
    """

    def attempt() -> Payment:
        before = balances.payment(payment_id)
        expected(caller, before.version)
        if before.status != "received":
            raise InvalidState(command="bounce", state=before.status, allowed=[])
        known = collecting.facts(now)
        if before.method not in _offline(known.settings):
            raise MethodCannotBounce(meta={"method": before.method})
        if len(before.allocations) > MOST_AT_ONCE:
            words = (
                f"It settles more than {MOST_AT_ONCE} invoices: take it back from some of them first.",
                f"该收款核销的发票超过 {MOST_AT_ONCE} 张，请先撤销部分核销。",
            )
            raise TooManyAllocations(
                detail=words, meta={"allocations": len(before.allocations), "most": MOST_AT_ONCE}
            )
        table = Desk.of(balances.open_items(one.invoice_id for one in before.allocations), [before])
        table.bounce(before.id)
        after = table.payments[before.id] = table.payments[before.id].commanded()
        event = replace(
            collecting.moved("payment.bounced", before, table),
            changes={"status": [before.status, after.status], "unapplied": [str(before.unapplied), None]},
            reason=request.reason,
            facts={
                "customer": after.customer_id,
                "currency": after.currency,
                "method": after.method,
                "amount": str(after.amount - after.refunded),
            },
        )
        writes = Writes()
        collecting.move(writes, table, collecting.posting_of(caller, event, known, now))
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def _offline(settings: Settings) -> frozenset[str]:
    return OFFLINE | {one.id for one in settings.payment_methods if one.offline}
