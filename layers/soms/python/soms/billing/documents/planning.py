"""Giving an invoice a plan of instalments; the invoice itself never changes."""

from datetime import datetime

from soms.billing import balances
from soms.billing.documents import instalments
from soms.billing.documents.instalments import Instalment, PlanRequest
from soms.billing.model import OpenItem
from soms.catalog.commands import expected
from soms.kit import journal, money
from soms.kit.access import Caller
from soms.kit.problems import Invalid, NotFound
from soms.kit.writes import Writes, decide


def plan(invoice_id: str, request: PlanRequest, caller: Caller, *, now: datetime) -> OpenItem:
    """Let an invoice fall due in instalments, in place of any plan before; return what is owed on it.

    Raises NotFound, VersionMismatch, Invalid.
    """

    def attempt() -> OpenItem:
        found = balances.open_items([invoice_id])
        if not found:
            raise NotFound
        before = found[0]
        expected(caller, 1)
        if faults := instalments.faults(request.instalments, before):
            raise Invalid(*faults)
        after = before.planned(
            tuple(
                Instalment(due_on=one.due_on, amount=money.amount(one.amount, before.currency))
                for one in request.instalments
            )
        )
        event = journal.Event(
            name="invoice.planned",
            aggregate=f"open_item#{after.id}",
            version=after.seq,
            resource=("invoice", after.id),
            changes={"due_on": [str(before.due_on), str(after.due_on)]},
            facts={"customer": after.customer_id, "instalments": len(after.instalments)},
        )
        writes = Writes()
        balances.put_open_item(writes, after, before=before)
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)
