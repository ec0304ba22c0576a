"""What is said to the tax platform: each call after the state that calls for it is kept."""

from soms.billing.fapiao import filing, store
from soms.billing.fapiao.model import Fapiao
from soms.billing.fapiao.news import News, heard, of_red
from soms.billing.fapiao.port import Absent, Accepted, Confirmation, Issued, Paper, Refused, TaxPlatform
from soms.billing.fapiao.writing import Now, again, filed, learn


def pursue(fapiao: Fapiao, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Ask the platform where a tax invoice stands and write it down; what never arrived is sent again."""
    match fapiao.state:
        case "submitted" | "unknown":
            outcome = platform.query(fapiao.serial)
            if isinstance(outcome, Absent):
                return send(again(fapiao, now=now), platform, now=now)
            return file(learn(fapiao, heard(outcome, asked=True), now=now), platform, now=now)
        case "rejected":
            return file(learn(fapiao, _after_all(fapiao, platform), now=now), platform, now=now)
        case "confirmation_applied" | "confirmation_confirmed":
            return learn(fapiao, _confirmation(fapiao, platform), now=now)
        case "confirmation_withdrawing":
            return withdraw(fapiao, platform, now=now)
        case _:
            return file(fapiao, platform, now=now)


def send(fapiao: Fapiao, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Send what is kept as submitted, always under the same serial, and write down what became of it."""
    if fapiao.state != "submitted":
        return fapiao
    outcome = platform.issue(paper(fapiao, fapiao.serial))
    return file(learn(fapiao, heard(outcome, asked=False), now=now), platform, now=now)


def apply(fapiao: Fapiao, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Ask for the red confirmation of this round, or confirm the one that the buyer began."""
    made = paper(fapiao, fapiao.confirmation_serial)
    if fapiao.confirmation_by == "buyer":
        told = platform.confirm_red(fapiao.confirmation_number or "", made)
    else:
        told = platform.apply_red(made)
    return learn(fapiao, of_red(told), now=now)


def withdraw(fapiao: Fapiao, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Withdraw the red confirmation; one that never arrived is withdrawn by that."""
    number = fapiao.confirmation_number
    if number is None:
        found = platform.query_red(fapiao.confirmation_serial)
        if isinstance(found, Absent):
            return learn(fapiao, News("confirmation_withdrawn"), now=now)
        if not isinstance(found, Confirmation):
            return learn(fapiao, of_red(found), now=now)
        number = found.number
    return learn(fapiao, of_red(platform.cancel_red(number), refused="withdrawal_refused"), now=now)


def file(fapiao: Fapiao, platform: TaxPlatform, *, now: Now) -> Fapiao:
    """Keep the files of what was issued that are not kept yet."""
    if not fapiao.missing:
        return fapiao
    return filed(fapiao, filing.fetch(fapiao, platform), now=now)


def paper(fapiao: Fapiao, serial: str) -> Paper:
    """Return what is sent for a tax invoice under a serial."""
    said, sign = store.content(fapiao.id), -1 if fapiao.kind == "red" else 1
    return Paper(
        serial=serial,
        kind=fapiao.kind,
        type=fapiao.type,
        seller=said.seller,
        seller_tax_id=said.seller_tax_id,
        title=fapiao.title,
        tax_id=fapiao.tax_id,
        lines=said.lines,
        net=sign * fapiao.net,
        tax=sign * fapiao.tax,
        total=sign * fapiao.total,
        reference=fapiao.document_number,
        blue_number=fapiao.blue_number,
        confirmation_number=fapiao.confirmation_number if serial == fapiao.serial else None,
        red_reason=fapiao.red_reason,
    )


def _after_all(fapiao: Fapiao, platform: TaxPlatform) -> News:
    """Ask whether an earlier attempt arrived after a later one was refused; else what was told stands."""
    outcome, told = platform.query(fapiao.serial), fapiao.trouble
    if isinstance(outcome, Accepted | Issued):
        return heard(outcome, asked=True)
    return News("unheard", trouble=(told.code, told.text) if told else None)


def _confirmation(fapiao: Fapiao, platform: TaxPlatform) -> News:
    told = platform.query_red(fapiao.confirmation_reference)
    applied = fapiao.state == "confirmation_applied"
    made = paper(fapiao, fapiao.confirmation_serial)
    if isinstance(told, Absent) and applied and fapiao.confirmation_by == "seller":
        return of_red(platform.apply_red(made))
    if isinstance(told, Absent):
        return of_red(Refused("confirmation_unknown", "红字确认单不存在"))
    if isinstance(told, Confirmation) and told.standing == "open" and fapiao.confirmation_by == "buyer":
        return of_red(platform.confirm_red(told.number, made))
    return of_red(told)
