"""The books over HTTP: trial balance, entries, documents, months, journal batches."""

import csv
import hashlib
import io
import os
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from soms.kit import clock

from tests.engine import before_writing
from tests.functions.test_budgets import counted
from tests.functions.test_payments import FINANCE, billed, pay
from tests.world import Answer, Context, World, module

AUDITOR: dict[str, str] = {"as_": "auditor", "name": "eve"}
CLOSER: dict[str, str] = {"as_": "finance_manager", "name": "mia"}
TODAY = clock.now().date()
LAST_OF_MONTH = TODAY.replace(day=1) - timedelta(days=1)
MONTH = f"{LAST_OF_MONTH:%Y-%m}"
"""The last month that is over."""


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def trial(world: World, as_of: date | None = None) -> dict[str, dict[str, Any]]:
    """Return the trial balance in yuan, by account, and check that it is zero."""
    path = "/v1/ledger/trial-balance" + (f"?as_of={as_of}" if as_of else "")
    answer = world.call("GET", path, **AUDITOR)
    assert answer.status == 200, answer.text
    for one in answer.body["currencies"]:
        assert Decimal(one["total"]["balance"]) == 0
        assert one["total"]["debit"] == one["total"]["credit"]
    found = [one for one in answer.body["currencies"] if one["currency"] == "CNY"]
    return {row["account"]: row for one in found for row in one["accounts"]}


def balances(world: World, as_of: date | None = None) -> dict[str, str]:
    return {account: row["balance"] for account, row in trial(world, as_of).items()}


def page(world: World, month: str = MONTH) -> Any:
    return world.call("GET", f"/v1/periods/{month}", **AUDITOR).body


def close(world: World, month: str = MONTH, **more: Any) -> Answer:
    return world.call("POST", f"/v1/periods/{month}/close", **CLOSER | more)


def later(seconds: int) -> Any:
    """Let the clock be ahead."""
    moment = clock.now() + timedelta(seconds=seconds)
    return patch.object(clock, "now", lambda: moment)


def closed(world: World, month: str = MONTH) -> Answer:
    """Close a month as it is done: prove the books, begin, wait, finish."""
    world.drain()
    assert world.broken() == []
    begun = close(world, month)
    assert (begun.status, begun.body["state"]) == (200, "closing"), begun.text
    with later(61):
        return close(world, month)


def test_the_trial_balance_of_a_day_shows_what_its_documents_post_in_both_languages(world: World) -> None:
    customer, _ = billed(world, "100.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none")
    world.drain()

    last, today = trial(world, LAST_OF_MONTH), trial(world)

    assert {account: row["balance"] for account, row in last.items()} == {
        "clearing:bank_transfer": "30.00",
        "unapplied_cash": "-30.00",
    }
    assert today["unapplied_cash"]["opening"] == "-30.00"
    assert (today["receivables"]["opening"], today["receivables"]["debit"]) == ("0.00", "100.00")
    assert (today["receivables"]["name"], today["receivables"]["name_zh"]) == ("Receivables", "应收账款")
    assert today["clearing:bank_transfer"]["name_zh"] == "在途资金：银行转账"


def test_the_trial_balance_is_its_recomputation_after_a_random_story(world: World) -> None:
    chance = random.Random(7)  # noqa: S311 a story, not a secret
    customer, found = billed(world, "100.00", "60.00", "33.33", "7.00")
    payments: list[str] = []
    for step in range(24):
        one = chance.choice(found)
        kind = chance.choice(["pay", "pay", "early", "reverse", "cancel"])
        if kind in {"pay", "early"}:
            day = TODAY if kind == "pay" else LAST_OF_MONTH - timedelta(days=chance.randrange(40))
            amount = f"{chance.randrange(100, 9000) / 100:.2f}"
            said = {"received_on": str(day), "method": chance.choice(["cash", "alipay"])}
            payments.append(
                pay(world, amount, customer_id=customer, reference=f"S-{step}", **said).body["id"]
            )
        elif kind == "reverse" and payments:
            path = f"/v1/payments/{chance.choice(payments)}/allocations"
            world.call("POST", path, {"reverse": "all"}, **FINANCE)
        elif kind == "cancel":
            world.call("POST", f"/v1/orders/{one['order_id']}/cancel", {"reason": "no"})
        if chance.random() < 0.3:
            world.drain()
    world.drain()
    postings = posted()

    for back in (0, 5, TODAY.day, TODAY.day + 20, TODAY.day + 60):
        day = TODAY - timedelta(days=back)
        made: dict[str, Decimal] = {}
        for on, account, amount in postings:
            if on <= str(day):
                made[account] = made.get(account, Decimal(0)) + amount
        assert {name: Decimal(value) for name, value in balances(world, day).items()} == made


def posted() -> list[tuple[str, str, Decimal]]:
    """Return day, account and amount of every posting of every document."""
    pages = boto3.resource("dynamodb").Table(os.environ["DOCUMENTS_TABLE"]).scan()["Items"]
    found = []
    for row in pages:
        for leg in row.get("postings", ()):  # type: ignore[union-attr]
            amount = Decimal(leg["debit"]) - Decimal(leg["credit"])  # type: ignore[index,call-overload,arg-type]
            if Decimal(leg["debit"]) or Decimal(leg["credit"]):  # type: ignore[index,call-overload,arg-type]
                day = str(row.get("posted_on") or row["issued_on"])
                found.append((day, str(leg["account"]), amount))  # type: ignore[index,call-overload]
    return found


def test_a_trial_balance_costs_the_same_however_many_documents_there_are(world: World) -> None:
    trips = []
    customer, _ = billed(world, "100.00")
    for number in range(12):
        world.drain()
        with counted() as calls:
            trial(world)
        trips.append([name for name, _ in calls])
        pay(world, "1.00", customer_id=customer, reference=f"T-{number}")

    assert {tuple(one) for one in trips} == {("BatchGetItem", "Query", "Query")}


def test_entries_of_an_account_come_newest_first_page_by_page_and_lead_to_their_documents(
    world: World,
) -> None:
    customer, (first,) = billed(world, "100.00")
    days = [LAST_OF_MONTH - timedelta(days=40 * back) for back in range(3)]
    for number, day in enumerate(days):
        pay(world, "10.00", customer_id=customer, reference=f"E-{number}", received_on=str(day), allocations="none")
    world.drain()

    rows, cursor = [], ""
    while cursor is not None:
        path = f"/v1/ledger/entries?account=unapplied_cash&limit=1{cursor and f'&cursor={cursor}'}"
        body = world.call("GET", path, **AUDITOR).body
        rows += body["data"]
        cursor = body["next_cursor"]

    assert [row["posted_on"] for row in rows] == [str(day) for day in days]
    receivable = world.call("GET", "/v1/ledger/entries?account=receivables", **AUDITOR).body["data"]
    assert [row["document"] for row in receivable] == [
        {
            "kind": "invoice",
            "id": first["id"],
            "number": first["number"],
            "href": f"/v1/invoices/{first['id']}",
        }
    ]
    assert world.call("GET", receivable[0]["document"]["href"], **AUDITOR).body["id"] == first["id"]
    told = world.call("GET", rows[0]["document"]["href"], **AUDITOR).body
    assert (told["id"], told["kind"], told["is_entered"]) == (rows[0]["document"]["id"], "payment", True)


def test_entries_between_two_days_leave_out_the_others(world: World) -> None:
    customer, _ = billed(world, "100.00")
    days = [LAST_OF_MONTH - timedelta(days=back) for back in (0, 10, 50)]
    for number, day in enumerate(days):
        pay(world, "10.00", customer_id=customer, reference=f"B-{number}", received_on=str(day), allocations="none")
    world.drain()

    path = f"/v1/ledger/entries?account=unapplied_cash&from={days[2]}&to={days[1]}"
    found = world.call("GET", path, **AUDITOR).body["data"]

    assert [row["posted_on"] for row in found] == [str(days[1]), str(days[2])]


def test_days_that_make_no_sense_are_told_and_find_nothing(world: World) -> None:
    billed(world, "100.00")
    world.drain()

    backwards = world.call("GET", "/v1/ledger/entries?account=revenue&from=2026-12-01&to=2026-11-01", **AUDITOR)
    early = world.call("GET", "/v1/ledger/trial-balance?as_of=0001-01-01", **AUDITOR)
    nowhere = world.call("GET", "/v1/ledger/entries?account=none", **AUDITOR)

    assert (backwards.status, backwards.body["data"]) == (200, [])
    assert (early.status, early.code) == (400, "invalid_parameter")
    assert (nowhere.status, nowhere.body["data"]) == (200, [])


def test_a_voucher_says_what_it_concerns(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    payment = pay(world, "100.00", customer_id=customer).body
    world.drain()
    entries = world.call("GET", "/v1/ledger/entries?account=receivables", **AUDITOR).body["data"]
    allocation = next(row for row in entries if row["document"]["kind"] == "allocation")

    told = world.call("GET", allocation["document"]["href"], **AUDITOR).body

    assert {(one["kind"], one["id"]) for one in told["concerns"]} == {
        ("customer", customer),
        ("payment", payment["id"]),
        ("invoice", first["id"]),
    }
    assert [(row["account"], row["debit"], row["credit"]) for row in told["postings"]] == [
        ("unapplied_cash", "100.00", "0.00"),
        ("receivables", "0.00", "100.00"),
    ]


def test_each_method_of_payment_has_a_clearing_account_in_the_chart(world: World) -> None:
    settings = {"payment_methods": [{"id": "pos", "name": "POS"}]}
    assert world.call("PUT", "/v1/settings", settings).status in {200, 201}

    found = world.call("GET", "/v1/accounts", **AUDITOR).body["data"]

    names = {row["account"]: row["name"] for row in found}
    assert (names["clearing:pos"], names["clearing:cash"]) == ("Clearing: POS", "Clearing: cash")
    assert "clearing" not in names


def test_a_month_is_not_closed_before_the_books_are_proved(world: World) -> None:
    answer = close(world)

    assert (answer.status, answer.code) == (409, "period_blocked")
    assert [one["code"] for one in answer.body["errors"]] == ["not_proved"]


def test_a_month_that_is_not_over_and_one_with_an_earlier_one_open_are_not_closed(world: World) -> None:
    customer, _ = billed(world, "100.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH))
    world.drain()
    assert world.broken() == []

    answer = close(world, f"{TODAY:%Y-%m}")

    codes = [one["code"] for one in answer.body["errors"]]
    assert (answer.status, codes) == (409, ["month_not_over", "earlier_month_open", "not_proved"])
    assert answer.body["errors"][1]["meta"]["href"] == f"/v1/periods/{MONTH}"


def test_a_document_on_its_way_into_the_ledger_keeps_its_month_open(world: World) -> None:
    customer, _ = billed(world, "100.00")
    world.drain()
    assert world.broken() == []
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none")

    blocked = page(world)
    world.drain()

    assert [(one["code"], one["count"]) for one in blocked["blockers"]] == [("documents_not_entered", 1)]
    assert page(world)["blockers"] == []


def test_a_closed_month_keeps_its_balances_and_closing_again_is_the_same(world: World) -> None:
    customer, _ = billed(world, "100.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none")
    before = trial(world, LAST_OF_MONTH)

    first = closed(world)
    with later(90):
        again = close(world)

    assert (first.status, first.body["state"]) == (200, "closed")
    assert (again.status, again.body) == (200, first.body)
    assert first.body["closed_by"] == "mia"
    assert len(first.body["sha256"]) == 64
    assert before == {}
    assert balances(world, LAST_OF_MONTH)["unapplied_cash"] == "-30.00"
    assert trial(world)["unapplied_cash"]["opening"] == "-30.00"
    with counted() as calls:
        trial(world)
    # From the closing on: settings and periods, its snapshot, the days since.
    assert [name for name, _ in calls] == ["BatchGetItem", "GetItem", "Query"]


def test_a_month_is_closing_for_a_minute_and_then_closed_by_the_schedule(world: World) -> None:
    customer, _ = billed(world, "100.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH))
    world.drain()
    assert world.broken() == []

    assert close(world).body["state"] == "closing"
    assert close(world).body["state"] == "closing"
    early = module("month_end").handler({}, Context())
    with later(61):
        due = module("month_end").handler({}, Context())
        after = module("month_end").handler({}, Context())

    assert (early, due, after) == ({"closed": None}, {"closed": MONTH}, {"closed": None})
    assert page(world)["state"] == "closed"


def test_what_comes_after_closing_began_counts_for_the_first_open_day_and_says_so(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    world.drain()
    assert world.broken() == []
    close(world)

    payment = pay(world, "30.00", invoice_id=first["id"], received_on=str(LAST_OF_MONTH)).body
    world.drain()

    (entry,) = world.call("GET", "/v1/ledger/entries?account=clearing:bank_transfer", **AUDITOR).body["data"]
    assert (entry["posted_on"], entry["wanted_on"]) == (str(TODAY.replace(day=1)), str(LAST_OF_MONTH))
    assert payment["received_on"] == str(LAST_OF_MONTH)
    assert balances(world, LAST_OF_MONTH) == {}
    assert customer


def test_a_payment_on_its_way_when_closing_begins_still_arrives_in_the_month(world: World) -> None:
    customer, _ = billed(world, "100.00")
    world.drain()
    assert world.broken() == []

    # The payment has read that the month is open and not yet written.
    before_writing(lambda: close(world))
    paid = pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none")
    assert paid.status == 201, paid.text
    with later(61):
        waiting = close(world)
        world.drain()
        done = close(world)

    assert [one["code"] for one in waiting.body["errors"]] == ["documents_not_entered"]
    assert done.body["state"] == "closed"
    assert balances(world, LAST_OF_MONTH) == {"clearing:bank_transfer": "30.00", "unapplied_cash": "-30.00"}


def test_months_are_closed_in_their_order_and_never_opened_again(world: World) -> None:
    customer, _ = billed(world, "100.00")
    before = LAST_OF_MONTH.replace(day=1) - timedelta(days=1)
    pay(world, "5.00", customer_id=customer, received_on=str(before), allocations="none", reference="one")
    pay(world, "7.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none", reference="two")
    world.drain()
    assert world.broken() == []

    refused = close(world)
    first, second = closed(world, f"{before:%Y-%m}"), closed(world)

    assert [one["code"] for one in refused.body["errors"]] == ["earlier_month_open"]
    assert (first.body["state"], second.body["state"]) == ("closed", "closed")
    states = {row["period"]: row["state"] for row in world.call("GET", "/v1/periods", **AUDITOR).body["data"]}
    assert states == {f"{before:%Y-%m}": "closed", MONTH: "closed", f"{TODAY:%Y-%m}": "open"}
    assert balances(world, before)["unapplied_cash"] == "-5.00"
    assert balances(world, LAST_OF_MONTH)["unapplied_cash"] == "-12.00"


def test_a_month_end_shows_figures_of_two_sides_next_to_each_other(world: World) -> None:
    customer, _ = billed(world, "100.00", "60.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), method="alipay")
    buyer = world.customer(invoice_policy="on_shipment", credit_limit="1000.00")
    sku = world.product("SHIP", "50.00", tax_rate="0")
    world.stock(sku, 5)
    world.order(buyer, (sku, 2))
    world.drain()
    assert world.broken() == []

    found = page(world)

    ties = {one["code"]: one for one in found["tie_outs"]["data"]}
    assert ties["orders"]["amount"] == "260.00"
    assert ties["orders"]["parts"] == {"invoiced": "160.00", "to_be_invoiced": "100.00"}
    assert ties["receivables"]["parts"] == {"open_items": "130.00"}
    assert {one["difference"] for one in ties.values()} == {"0.00"}
    (clearing,) = found["clearing"]
    assert (clearing["account"], clearing["balance"], clearing["unexplained"]) == (
        "clearing:alipay",
        "30.00",
        "0.00",
    )
    assert [(one["code"], one["amount"], one["count"]) for one in clearing["explained_by"]] == [
        ("payment", "30.00", 1)
    ]
    assert len(world.call("GET", clearing["href"], **AUDITOR).body["data"]) == 1


def test_only_a_finance_manager_closes_and_what_is_no_month_is_not_found(world: World) -> None:
    assert close(world, as_="finance").status == 403
    assert close(world, as_="admin").status == 403
    assert close(world, "2026-13").status == 404
    assert world.call("GET", "/v1/periods/today", **AUDITOR).status == 404
    assert world.call("GET", "/v1/ledger/trial-balance", as_="sales").status == 403
    assert world.call("GET", "/v1/ledger/documents/inv_none", **AUDITOR).status == 404


def batch(world: World, ahead: int = 301, **more: Any) -> Answer:
    """Make a batch when everything there is has been there for five minutes."""
    with later(ahead):
        return world.call("POST", "/v1/journal-batches", {}, **FINANCE | more)


def rows_of(world: World, batch_id: str) -> tuple[bytes, list[dict[str, str]]]:
    """Return the file of a batch, as it lies in the bucket, and its rows."""
    told = world.call("GET", f"/v1/journal-batches/{batch_id}/document", **AUDITOR).body
    place = told["url"].partition("?")[0].partition("soms-test-documents/")[2]
    held = boto3.client("s3").get_object(Bucket=os.environ["DOCUMENTS_BUCKET"], Key=place)["Body"].read()
    assert hashlib.sha256(held).hexdigest() == told["sha256"]
    return held, list(csv.DictReader(io.StringIO(held.decode("utf-8-sig"), newline="")))


def test_batches_hand_over_every_document_once_in_the_order_it_was_recorded(world: World) -> None:
    customer, _ = billed(world, "100.00", "60.00")
    pay(world, "30.00", customer_id=customer, reference="=HYPERLINK(1)")
    world.drain()
    first = batch(world)
    pay(world, "20.00", customer_id=customer, reference="late", received_on=str(LAST_OF_MONTH))
    world.drain()
    second, third = batch(world, 302), batch(world, 303)

    assert (first.status, second.status, third.status) == (201, 201, 409), third.text
    assert third.code == "nothing_to_export"
    assert (first.body["id"], second.body["id"]) == ("JB-000001", "JB-000002")
    assert (first.body["documents"], second.body["documents"]) == (4, 2)
    held, rows = rows_of(world, "JB-000001")
    _, more = rows_of(world, "JB-000002")
    documents = [row["document_id"] for row in (*rows, *more) if row["entry"] != "total"]
    assert len(set(documents)) == 6
    assert held.startswith(b"\xef\xbb\xbfbatch,entry,date")
    assert {row["text"] for row in rows if row["document_kind"] == "payment"} == {"'=HYPERLINK(1)"}
    assert [(row["currency"], row["debit"], row["credit"]) for row in rows if row["entry"] == "total"] == [
        ("CNY", "220.00", "220.00")
    ]
    assert {row["account_name_zh"] for row in rows if row["account"] == "receivables"} == {"应收账款"}


def test_a_batch_repeated_with_its_key_is_the_same_batch(world: World) -> None:
    billed(world, "100.00")
    world.drain()

    first, again = batch(world, key="one"), batch(world, key="one")

    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    listed = world.call("GET", "/v1/journal-batches", **AUDITOR).body["data"]
    assert [one["id"] for one in listed] == ["JB-000001"]


def test_a_file_whose_maker_died_before_storing_it_is_made_again_to_the_byte(world: World) -> None:
    billed(world, "100.00", "60.00")
    world.drain()
    made = batch(world).body
    held, _ = rows_of(world, made["id"])
    boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"]).delete_item(
        Key={"pk": f"batch#{made['id']}", "sk": "file"}
    )
    for one in boto3.client("s3").list_objects_v2(Bucket=os.environ["DOCUMENTS_BUCKET"])["Contents"]:
        boto3.client("s3").delete_object(Bucket=os.environ["DOCUMENTS_BUCKET"], Key=one["Key"])
    world.call("PUT", "/v1/settings", {"payment_methods": [{"id": "pos", "name": "POS"}]})

    again, _ = rows_of(world, made["id"])

    assert again == held


def test_a_large_export_goes_on_in_the_next_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soms.accounting.batches.MOST", 2)
    billed(world, "100.00", "60.00", "40.00")
    world.drain()

    first, second = batch(world), batch(world, 302)

    assert [(one.body["documents"], one.body["is_complete"]) for one in (first, second)] == [
        (2, False),
        (1, True),
    ]
    assert first.body["last_key"] < second.body["first_key"]


def test_of_two_batches_made_at_once_none_has_what_the_other_has(world: World) -> None:
    customer, _ = billed(world, "100.00")
    world.drain()
    others = []

    before_writing(lambda: others.append(batch(world, 301, key="other")))
    mine = batch(world, 301, key="mine")

    assert others[0].status == 201
    assert (mine.status, mine.code) == (409, "nothing_to_export")
    assert customer


def test_a_batch_through_a_moment_before_the_last_one_has_nothing(world: World) -> None:
    billed(world, "100.00")
    world.drain()
    batch(world)

    said = {"through": clock.stamp(clock.now() - timedelta(hours=1))}
    answer = world.call("POST", "/v1/journal-batches", said, **FINANCE)

    assert (answer.status, answer.code) == (409, "nothing_to_export")


def test_a_batch_that_would_end_in_the_last_five_minutes_is_refused(world: World) -> None:
    answer = world.call("POST", "/v1/journal-batches", {"through": clock.stamp(clock.now())}, **FINANCE)

    assert (answer.status, answer.body["errors"][0]["code"]) == (422, "too_late")
