"""The end of a month: money comes in by the bank, is matched, given back, given up; the books tie out."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from infra import posting
from infra.demo import bank, stage
from infra.demo.bank import Line
from infra.demo.crew import Crew, Unexpected
from infra.demo.proof import Billed, Sheet
from infra.demo.teller import Ask, Body, Teller, rows

NAME = "month-end"
ALONE, TOGETHER = 6, 2
"""How many invoices are paid each by a line of its own, and how many by one line together."""
FEE, CHARGE, UNKNOWN, BACK, SHORT = (Decimal(one) for one in ("1.50", "12.00", "250.00", "100.00", "0.03"))
ZERO = Decimal(0)
WORKING = frozenset({"awaiting_upload", "validating", "applying"})
LOOK_SECONDS, PATIENCE_SECONDS = 0.3, 60.0
Settled = Callable[[], None]


def tell(sheet: Sheet, crew: Crew, billed: Sequence[Billed], settled: Settled) -> None:
    """Tell how finance ends a month, on lines of a bank that are made up and say so."""
    sheet.console.print(
        "[bold]A month end[/] 月末对账与结账 [dim](bank lines are generated 银行流水为生成数据)[/]"
    )
    teller = Teller(sheet, crew, NAME)
    chosen = _chosen(crew, billed)
    lines = _lines(chosen)
    day = date.fromisoformat(str(chosen[0]["issued_on"]))
    held = _import(teller, bank.statement(lines, day, stage.CURRENCY), len(lines), settled)
    _matched(teller, lines, held)
    _by_hand(teller, lines, held, chosen)
    settled()
    _give_up(teller, chosen[-1])
    settled()
    _statement(teller, chosen[0])
    _ageing(teller, settled)


def _chosen(crew: Crew, billed: Sequence[Billed]) -> list[Body]:
    """Return the first invoices that nothing was credited of, as they are now, by number."""
    whole = [one.invoices[0] for one in billed if one.invoices and not one.credit_notes]
    first = sorted(whole, key=lambda one: str(one["number"]))[: ALONE + TOGETHER + 2]
    return [crew.must("GET", f"/invoices/{one['id']}", as_="finance").body for one in first]


def _lines(chosen: Sequence[Body]) -> list[Line]:
    """Return the lines: invoices paid alone and together, one by another bank less its fee, others."""
    alone = [
        Line(f"BK-{place:04}", _amount(one, "total"), _payer(one), f"Payment {one['number']}")
        for place, one in enumerate(chosen[:ALONE], start=1)
    ]
    both = chosen[ALONE : ALONE + TOGETHER]
    numbers = " ".join(str(one["number"]) for one in both)
    total = sum((_amount(one, "total") for one in both), ZERO)
    less = chosen[ALONE + TOGETHER]
    return [
        *alone,
        Line("BK-1001", total, _payer(both[0]), f"For {numbers}"),
        Line("BK-1002", _amount(less, "total") - FEE, "Correspondent bank", f"{less['number']} less charges"),
        Line("BK-1003", UNKNOWN, "Somebody", "thank you"),
        Line("BK-1004", -CHARGE, "", "Account charges"),
    ]


def _import(teller: Teller, content: bytes, count: int, settled: Settled) -> dict[str, Body]:
    """Bring the statement in twice; the second time nothing is new. Return its lines by reference."""
    counts = list[tuple[object, object]]()
    for _ in range(2):
        opened = teller.crew.must(
            "POST",
            "/imports",
            {"kind": "bank_statements", "file_name": bank.NAME},
            as_="finance",
            key=f"{NAME}-{len(counts)}",
        ).body
        upload = opened.get("upload")
        path = f"/imports/{opened['id']}"
        if isinstance(upload, Mapping) and teller.read("finance", path)["state"] == "awaiting_upload":
            sent = posting.post(upload, content, bank.NAME)
            if sent.status >= 300:  # noqa: PLR2004 whatever is no success
                message = f"the upload was refused ({sent.status}): {sent.reason}"
                raise Unexpected(message)
            settled()
        if _worked_off(teller, path)["state"] == "ready":
            teller.crew.must("POST", f"{path}/apply", {}, as_="finance", key=f"{opened['id']}-apply")
            settled()
        done = _worked_off(teller, path)
        counts.append((done["state"], done["counts"]))
    last = counts[-1][1]
    known = last["duplicate"] if isinstance(last, Mapping) else None
    teller.sheet.claim(
        counts[-1][0] == "done" and known == count,
        "a bank statement is taken in once, however often it comes",
        "同一银行流水重复导入不会重复入账",
        f"finance: {count} lines; again: {known} known",
    )
    states = ("matched", "suggested", "unmatched", "written_off")
    every = [
        one
        for state in states
        for one in teller.crew.rows(f"/reconciliation/items?state={state}", as_="finance")
    ]
    return {str(one["bank_reference"]): one for one in every}


def _worked_off(teller: Teller, path: str) -> Body:
    """Return an import once nothing of it is under way any more, or as it is when that takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = teller.read("finance", path)
        if found["state"] not in WORKING or time.monotonic() > until:
            return found
        time.sleep(LOOK_SECONDS)


def _matched(teller: Teller, lines: Sequence[Line], held: Mapping[str, Body]) -> None:
    sure = [held[one.reference] for one in lines[: ALONE + 1]]
    matched = sum(one["state"] == "matched" for one in sure)
    teller.sheet.claim(
        matched == len(sure),
        "lines that name an invoice and come to it are matched by themselves",
        "注明发票号且金额相符的流水自动核销",
        f"finance: {matched} of {len(sure)}, one of them for {TOGETHER} invoices",
    )


def _by_hand(teller: Teller, lines: Sequence[Line], held: Mapping[str, Body], chosen: Sequence[Body]) -> None:
    less, unknown, charge = (held[one.reference] for one in lines[-3:])
    invoice = chosen[ALONE + TOGETHER]
    _match(
        teller,
        less,
        {"invoices": [{"invoice_id": invoice["id"]}], "fee": f"{FEE:.2f}"},
        ("a payment less the bank's fee settles the whole invoice", "扣除手续费的到账仍全额核销发票"),
    )
    customer = _customer(chosen[0])
    _match(
        teller,
        unknown,
        {"customer_id": customer},
        ("money that pays nothing stays the customer's, unapplied", "无对应发票的到账记为客户未核销款"),
    )
    if charge["state"] == "unmatched":
        path = f"/reconciliation/items/{charge['id']}/write-off"
        words = ("the bank's own charge is posted to fees", "银行收费计入手续费")
        teller.step(
            "charge",
            words,
            Ask("finance", "POST", path, {"reason": "bank_fee"}),
            lambda one: (one["state"] == "written_off", f"{one['amount']} {one['currency']}"),
        )
    _give_back(teller, customer)


def _match(teller: Teller, line: Body, body: Body, words: tuple[str, str]) -> None:
    path = f"/reconciliation/items/{line['id']}/match"
    key = f"match-{line['bank_reference']}"
    teller.step(
        key,
        words,
        Ask("finance", "POST", path, body),
        lambda one: (one["state"] == "matched", f"{one['amount']} {one['currency']}, {one['text']}"),
    )


def _give_back(teller: Teller, customer: str) -> None:
    held = teller.rows("finance", f"/payments?customer_id={customer}&limit=100")
    payment = next(one for one in held if one["reference"] == "BK-1003")
    path = f"/payments/{payment['id']}/refunds"
    body = {"amount": f"{BACK:.2f}", "reason": "paid by mistake", "reference": "RF-0001"}
    words = ("what was paid too much is given back", "多付款项退回")
    teller.step(
        "refund",
        words,
        Ask("finance", "POST", path, body),
        lambda one: (one["status"] == "done", f"{one['amount']} {one['currency']}, {one['reference']}"),
    )
    more = {"amount": f"{UNKNOWN:.2f}", "reason": "all of it", "reference": "RF-0002"}
    refusal = ("more than is left of a payment is never given back", "退款不得超过可退金额")
    teller.refused(
        "refund-too-much", refusal, Ask("finance", "POST", path, more), 409, "amount_exceeds_refundable"
    )


def _give_up(teller: Teller, invoice: Body) -> None:
    """Let the last invoice be paid by cheque but for three pence, and give those up."""
    amount = _amount(invoice, "total") - SHORT
    body = {
        "invoice_id": invoice["id"],
        "amount": f"{amount:.2f}",
        "currency": stage.CURRENCY,
        "method": "cheque",
        "reference": "CHQ-0001",
    }
    words = ("a cheque is recorded and settles what it reaches", "支票收款核销相应金额")
    teller.step(
        "cheque",
        words,
        Ask("finance", "POST", "/payments", body),
        lambda one: (one["unapplied"] == "0.00", f"{one['amount']} {one['currency']}"),
    )
    path = f"/invoices/{invoice['id']}/write-offs"
    small = {"amount": f"{SHORT:.2f}", "reason": "rounding"}
    teller.silent("write-off", Ask("finance_manager", "POST", path, small))
    now = teller.read("finance", f"/invoices/{invoice['id']}")
    teller.sheet.claim(
        (now["open"], now["status"]) == ("0.00", "paid"),
        "the last three pence are given up by who may, with a reason",
        "尾差由有权限者注明原因核销",
        f"finance_manager: {now['number']} open {now['open']}, written off {now['written_off']}",
    )


def _statement(teller: Teller, invoice: Body) -> None:
    told = teller.read("finance", f"/customers/{_customer(invoice)}/statement")
    moved = _amount(told, "debit") - _amount(told, "credit")
    teller.sheet.claim(
        _amount(told, "opening") + moved == _amount(told, "closing"),
        "a statement of account: opening + movements = closing",
        "对账单：期初 + 本期发生 = 期末",
        f"finance: {told['opening']} + {told['debit']} − {told['credit']} = {told['closing']} "
        f"{told['currency']}, {len(rows(told, 'movements'))} movements",
    )


def _ageing(teller: Teller, settled: Settled) -> None:
    settled()
    ages = teller.rows_of("finance", "/receivables/ageing", "totals")
    balance = teller.rows_of("finance", "/ledger/trial-balance", "currencies")
    owed = {str(one["currency"]): one for one in ages}
    for each in balance:
        currency = str(each["currency"])
        accounts = {str(one["account"]): _amount(one, "balance") for one in rows(each, "accounts")}
        total = each["total"] if isinstance(each["total"], Mapping) else {}
        teller.sheet.claim(
            Decimal(str(total["balance"])) == 0,
            f"the trial balance in {currency} is zero",
            f"{currency} 试算平衡",
            "auditor: " + ", ".join(f"{name} {value:,.2f}" for name, value in accounts.items()),
        )
        tie = owed.get(currency, {}).get("tie_out")
        told = tie if isinstance(tie, Mapping) else {"balance": "0", "difference": "0"}
        teller.sheet.claim(
            accounts.get("receivables", ZERO) == _amount(told, "balance") and not _amount(told, "difference"),
            f"receivables in {currency} = what is open by age",
            f"{currency} 应收账款 = 账龄合计",
            f"finance: {told['balance']}, difference {told['difference']}",
        )


def close(sheet: Sheet, crew: Crew, billed: Sequence[Billed]) -> None:
    """Tell how months are closed and handed over, once the books are proved."""
    teller = Teller(sheet, crew, NAME)
    day = date.fromisoformat(str(_chosen(crew, billed)[0]["issued_on"]))
    month, before = f"{day:%Y-%m}", f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"
    page = teller.read("finance", f"/periods/{month}")
    blockers = [str(one["code"]) for one in rows(page, "blockers")]
    teller.sheet.claim(
        page["state"] == "open",
        "the month's end is one page: what blocks closing, and what ties out",
        "月末一页：未结事项与勾稽",
        f"finance: {month} {page['state']}; blocked by {', '.join(blockers) or 'nothing'}",
    )
    closed = teller.crew.caller.call(
        "POST", f"/periods/{before}/close", {}, as_="finance_manager", key=f"{NAME}-close-{before}"
    )
    teller.sheet.claim(
        closed.is_good,
        "the month before is closed: nothing is posted in it any more",
        "上月已关账，不再入账",
        f"finance_manager: {before} {closed.body.get('state', closed.code)}",
    )
    _hand_over(teller)


def _hand_over(teller: Teller) -> None:
    """Hand the journals over; what is younger than five minutes waits for the next batch."""
    made = teller.crew.caller.call("POST", "/journal-batches", {}, as_="finance", key=str(uuid.uuid4()))
    totals = rows(made.body, "totals")
    told = [f"{one['debit']} = {one['credit']} {one['currency']}" for one in totals]
    teller.sheet.claim(
        made.code == "nothing_to_export"
        or (bool(totals) and all(one["debit"] == one["credit"] for one in totals)),
        "journals go to accounting in batches that balance, none twice",
        "凭证按批次导出，借贷平衡且不重复",
        f"finance: {made.body.get('id', made.code)} {'; '.join(told)}",
    )


def _customer(invoice: Body) -> str:
    customer = invoice["customer"]
    return str(customer["id"]) if isinstance(customer, Mapping) else ""


def _payer(invoice: Body) -> str:
    customer = invoice["customer"]
    return str(customer["name"]) if isinstance(customer, Mapping) else ""


def _amount(resource: Mapping[str, object], name: str) -> Decimal:
    return Decimal(str(resource[name]))
