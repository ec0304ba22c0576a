"""What people do with tax invoices: ask for one, have it issued, see to its red confirmation."""

from collections.abc import Callable

from soms.billing.fapiao import lifecycle, sending, store, writing
from soms.billing.fapiao.model import ApplyRequest, ConfirmRequest, Fapiao, SubmitRequest, WithdrawRequest
from soms.billing.fapiao.port import TaxPlatform
from soms.billing.fapiao.requesting import buyer_faults
from soms.billing.fapiao.writing import Now
from soms.catalog.commands import expected
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, InvalidState
from soms.kit.writes import Writes, decide

Next = Callable[[Fapiao], Fapiao]


def submit(
    fapiao_id: str, said: SubmitRequest, caller: Caller, platform: TaxPlatform, *, now: Now
) -> Fapiao:
    """Have a tax invoice issued, with what is corrected of it; the platform's answer may come later."""

    def begun(before: Fapiao) -> Fapiao:
        state = lifecycle.require(before, "submit")
        corrected = before.model_copy(update=said.model_dump(exclude_unset=True, exclude_none=True))
        if corrected != before and before.kind == "red":
            words = ("a red one is as its blue one", "红字发票以蓝字发票为准")
            raise Invalid(Fault("as_the_blue_one", words, pointer=""))
        if faults := buyer_faults(corrected, store.content(before.id)):
            raise Invalid(*faults)
        sent = {"state": state, "attempts": before.attempts + 1, "trouble": None}
        return corrected.model_copy(update=sent)

    kept = _keep(fapiao_id, "submit", begun, caller, now)
    return sending.send(kept, platform, now=now)


def refresh(fapiao_id: str, caller: Caller, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Ask the platform where a tax invoice stands."""

    def asked(before: Fapiao) -> Fapiao:
        if not lifecycle.may_refresh(before):
            raise InvalidState(command="refresh", state=before.state, allowed=lifecycle.allowed(before))
        return before

    return sending.pursue(_keep(fapiao_id, "refresh", asked, caller, now), platform, now=now)


def apply(
    fapiao_id: str, said: ApplyRequest, caller: Caller, platform: TaxPlatform, *, now: Now
) -> Fapiao:
    """Ask for a red confirmation; what the buyer has used, the buyer must confirm."""
    begun = {"red_reason": said.reason}
    kept = _keep(fapiao_id, "apply", lambda before: _round(before, "apply", **begun), caller, now)
    return sending.apply(kept, platform, now=now)


def confirm(
    fapiao_id: str, said: ConfirmRequest, caller: Caller, platform: TaxPlatform, *, now: Now
) -> Fapiao:
    """Confirm the red confirmation that the buyer began on the platform."""
    begun = {"confirmation_by": "buyer", "confirmation_number": said.confirmation_number}
    kept = _keep(fapiao_id, "confirm", lambda before: _round(before, "confirm", **begun), caller, now)
    return sending.apply(kept, platform, now=now)


def withdraw(
    fapiao_id: str, said: WithdrawRequest, caller: Caller, platform: TaxPlatform, *, now: Now
) -> Fapiao:
    """Withdraw a red confirmation that is not used."""

    def begun(before: Fapiao) -> Fapiao:
        return before.model_copy(update={"state": lifecycle.require(before, "withdraw"), "trouble": None})

    kept = _keep(fapiao_id, "withdraw", begun, caller, now, reason=said.reason)
    return sending.withdraw(kept, platform, now=now)


def _round(before: Fapiao, command: str, **said: object) -> Fapiao:
    state = lifecycle.require(before, command)
    begun = {"confirmation_by": "seller", "confirmation_number": None, "trouble": None}
    number = {"confirmation_round": before.confirmation_round + 1}
    return before.model_copy(update={"state": state, **begun, **number, **said})


def _keep(
    fapiao_id: str, command: str, begin: Next, caller: Caller, now: Now, *, reason: str | None = None
) -> Fapiao:
    """Keep what a command begins, before the platform is called."""

    def attempt() -> Fapiao:
        before, at = store.get(fapiao_id), now()
        begun = begin(before)
        said = {"version": expected(caller, before.version) + 1, "looks": 0}
        after = writing.timed(begun.model_copy(update=said), at)
        writes = Writes()
        store.put(writes, after, before=before)
        writing.record(writes, command, before, after, caller, now=at, reason=reason)
        writes.commit()
        return after

    return decide(attempt)
