"""Letters that ask for payment: once a level, never for what is disputed or promised, told to finance once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from soms.billing import balances
from soms.billing.receivables import dunning_runs, dunning_store
from soms.kit import clock
from soms.kit.writes import Writes

from tests.functions.test_payments import FINANCE, billed, invoice, pay
from tests.functions.test_receivables import NET_10, day, later
from tests.world import Context, World, module

RUNS = "/v1/dunning-runs"


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def run(world: World, **body: object) -> Any:
    answer = world.call("POST", RUNS, body, **FINANCE)
    assert answer.status in {200, 201}, answer.text
    return answer.body


def told(found: Any) -> list[tuple[int, str, list[str]]]:
    return [
        (one["level"], one["total"], [each["number"] for each in one["invoices"]]) for one in found["data"]
    ]


def note(world: World, invoice_id: str, command: str, body: dict[str, str] | None = None, **who: str) -> Any:
    return world.call("POST", f"/v1/invoices/{invoice_id}/{command}", body or {}, **(who or FINANCE))


def test_a_customer_gets_one_letter_a_run_that_lists_all_that_is_overdue(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00", payment_terms=NET_10)
    pay(world, "40.00", invoice_id=first["id"])
    with later(3):
        billed(world, "7.00", customer=customer)

    with later(17):
        preview, done = run(world, dry_run=True), run(world)
        again = run(world)
    letters = world.call("GET", f"/v1/dunning-letters?customer_id={customer}", **FINANCE).body["data"]

    assert told(preview) == [(1, "127.00", [first["number"], second["number"], "INV-2026-000003"])]
    assert preview["dry_run"]
    assert told(done) == told(preview)
    assert (done["letters"], done["remaining"], again["letters"], again["data"]) == (1, 0, 0, [])
    assert [one["id"] for one in letters] == [one["id"] for one in done["data"]]
    assert [(one["level"], one["open"], one["days_overdue"]) for one in letters[0]["invoices"]] == [
        (1, "60.00", 7),
        (1, "60.00", 7),
        (0, "7.00", 4),
    ]
    assert {invoice(world, one["id"])["dunning_level"] for one in (first, second)} == {1}
    assert world.call("GET", f"/v1/dunning-letters/{letters[0]['id']}", **FINANCE).body == letters[0]
    assert world.call("GET", f"/v1/dunning-letters?run_id={done['id']}", **FINANCE).body["data"] == letters


def test_a_letter_is_a_paper_that_is_kept(world: World) -> None:
    customer, (first,) = billed(world, "100.00", payment_terms=NET_10)

    with later(20):
        (letter,) = run(world)["data"]
    paper = world.call("GET", f"/v1/papers/{letter['paper_id']}", **FINANCE).body

    assert (paper["kind"], paper["customer_id"], paper["total"]) == ("dunning", customer, "100.00")
    assert [row[0] for row in paper["table"]["rows"]] == [first["number"]]


def test_the_same_key_again_is_the_same_run_and_tells_finance_once(world: World) -> None:
    billed(world, "100.00", payment_terms=NET_10)

    with later(20):
        first = world.call("POST", RUNS, key="run-1", **FINANCE)
        again = world.call("POST", RUNS, key="run-1", **FINANCE)
        (mail,) = world.finance_mail()

    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert mail["Subject"] == "SOMS: 1 dunning letters"
    assert "Acme: level 1, 100.00 CNY on 1 invoices, up to 10 days late 第 1 级" in mail["Message"]


def test_an_invoice_goes_up_level_by_level_and_never_twice_at_one(world: World) -> None:
    _, (first,) = billed(world, "100.00", payment_terms=NET_10)

    came = []
    for days in range(15, 70):
        with later(days):
            came += [(days, level) for level, _, _ in told(run(world))]

    assert came == [(17, 1), (31, 2), (55, 3)]
    assert invoice(world, first["id"])["dunning_level"] == 3


def test_what_is_disputed_or_promised_is_left_alone_until_that_is_over(world: World) -> None:
    _, (first, second) = billed(world, "100.00", "60.00", payment_terms=NET_10)
    disputed = note(world, first["id"], "dispute", {"reason": "arrived broken"})
    with later(18):
        promised = note(world, second["id"], "promise", {"promised_on": day(2), "note": "by phone"})
        quiet = [run(world)]
    with later(20):
        quiet.append(run(world))
    with later(21):
        broken = run(world)
        resolved = note(world, first["id"], "dispute/resolve")
        both = run(world)

    assert (disputed.status, disputed.body["disputed"]) == (200, "arrived broken")
    assert promised.body["promise_note"] == "by phone"
    assert resolved.body["disputed"] is None
    assert [told(one) for one in quiet] == [[], []]
    assert told(broken) == [(1, "60.00", [second["number"]])]
    assert told(both) == [(1, "160.00", [first["number"], second["number"]])]


def test_notes_are_refused_where_they_make_no_sense(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    past = note(world, first["id"], "promise", {"promised_on": day(-1)})
    far = note(world, first["id"], "promise", {"promised_on": day(366)})
    unresolved = note(world, first["id"], "dispute/resolve")
    why = {"reason": "too dear"}
    note(world, first["id"], "dispute", why)
    twice = note(world, first["id"], "dispute", why)
    pay(world, "100.00", invoice_id=first["id"])
    closed = note(world, first["id"], "promise", {"promised_on": day(3)})
    unknown = note(world, "inv_none", "dispute", why)

    assert [(one.status, one.code) for one in (past, far)] == [(422, "too_early"), (422, "too_late")]
    assert [one.body["errors"][0]["pointer"] for one in (past, far)] == ["/promised_on"] * 2
    refused = (unresolved, twice, closed)
    assert {(one.status, one.code) for one in refused} == {(409, "invalid_state")}
    assert [one.body["meta"]["state"] for one in refused] == ["open", "disputed", "paid"]
    assert unknown.status == 404
    assert note(world, first["id"], "dispute/resolve").status == 200


def test_the_same_key_notes_a_dispute_once(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    path, body = f"/v1/invoices/{first['id']}/dispute", {"reason": "too dear"}

    answers = [world.call("POST", path, body, key="d-1", **FINANCE) for _ in range(2)]

    assert [one.status for one in answers] == [200, 200]
    assert answers[0].body == answers[1].body


def test_a_sales_person_notes_what_its_own_customers_say(world: World) -> None:
    _, (mine,) = billed(world, "100.00", salesperson="sam")
    _, (other,) = billed(world, "100.00", salesperson="kim")
    sam = {"as_": "sales", "name": "sam"}

    answers = [note(world, one["id"], "dispute", {"reason": "late"}, **sam).status for one in (mine, other)]

    assert answers == [200, 404]


def test_two_runs_at_once_write_one_letter(world: World) -> None:
    _, (first,) = billed(world, "100.00", payment_terms=NET_10)
    commit, others = Writes.commit, [1]

    def overtaken(writes: Writes) -> None:
        if others:
            others.pop()
            run(world)
        commit(writes)

    with later(20), patch.object(Writes, "commit", overtaken):
        done = run(world)

    assert done["letters"] == 0
    assert invoice(world, first["id"])["dunning_level"] == 1
    assert len(list(dunning_store.overdue(clock.now().date() + timedelta(days=20)))) == 1


def test_money_that_comes_while_a_letter_is_written_keeps_it_from_being_written(world: World) -> None:
    _, (first,) = billed(world, "100.00", payment_terms=NET_10)
    commit, others = Writes.commit, [1]

    def overtaken(writes: Writes) -> None:
        if others:
            others.pop()
            pay(world, "100.00", invoice_id=first["id"])
        commit(writes)

    with later(20), patch.object(Writes, "commit", overtaken):
        done = run(world)

    assert (done["letters"], done["data"]) == (0, [])
    assert balances.open_items([first["id"]])[0].dunning_level == 0


def test_the_daily_run_goes_once_a_day_from_nine_in_the_company_s_morning(world: World) -> None:
    billed(world, "100.00", payment_terms=NET_10)
    morning = datetime.now(UTC).replace(hour=1, minute=5) + timedelta(days=20)

    def at(moment: datetime) -> int:
        with patch.object(clock, "now", lambda: moment):
            return int(module("dunning").handler({"action": "dun"}, Context())["letters"])

    written = [at(morning + timedelta(hours=hours)) for hours in (-1, 0, 1, 24)]

    assert written == [0, 1, 0, 0]
    assert len(world.finance_mail()) == 1


def test_a_daily_run_that_runs_out_of_time_is_gone_on_with(world: World) -> None:
    for price in ("1.00", "2.00", "3.00"):
        billed(world, price, payment_terms=NET_10)
    morning = datetime.now(UTC).replace(hour=1, minute=5) + timedelta(days=20)
    rooms = iter((True, True, False))

    first = dunning_runs.daily(lambda: next(rooms), now=morning)
    silent = world.finance_mail()
    second = dunning_runs.daily(lambda: True, now=morning + timedelta(hours=1))
    (mail,) = world.finance_mail()

    assert (first, second, silent) == (2, 1, [])
    assert mail["Subject"] == "SOMS: 3 dunning letters"


def test_finance_writes_letters_and_managers_and_the_auditor_read_them(world: World) -> None:
    groups = ("finance", "finance_manager", "admin", "sales_manager", "auditor", "sales", "warehouse")

    writing = {one for one in groups if world.call("POST", RUNS, {"dry_run": True}, as_=one).status == 200}
    reading = {
        one for one in groups if world.call("GET", "/v1/dunning-letters?run_id=x", as_=one).status == 200
    }

    assert writing == {"finance", "finance_manager"}
    assert reading == {"finance", "finance_manager", "admin", "sales_manager", "auditor"}
    assert world.call("GET", "/v1/dunning-letters", **FINANCE).code == "filter_unsupported"
    assert world.call("POST", RUNS, {"as_of": day(1)}, **FINANCE).body["errors"][0]["pointer"] == "/as_of"


@pytest.mark.parametrize("levels", [[7, 7], [21, 7], [1, 2, 3, 4], [0]])
def test_levels_that_do_not_rise_are_refused(world: World, levels: list[int]) -> None:
    body = {"dunning": {"levels": [{"after_days": one} for one in levels]}}

    answer = world.call("PUT", "/v1/settings", body)

    assert answer.status == 422
    assert answer.body["errors"][0]["pointer"].startswith("/dunning/levels")


def test_levels_are_the_company_s_own(world: World) -> None:
    billed(world, "100.00", payment_terms=NET_10)
    world.call("PUT", "/v1/settings", {"dunning": {"levels": [{"after_days": 1}]}})

    with later(11):
        done = run(world)
    world.call("PUT", "/v1/settings", {"dunning": {"levels": []}})
    with later(99):
        silent = run(world)

    assert (told(done)[0][0], silent["letters"]) == (1, 0)
