"""Every way a tax invoice can go, with the platform silent, unreached, late, stubborn or of another mind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from soms.billing.fapiao import lifecycle, sending, simulated_books, simulator, store, writing
from soms.billing.fapiao.model import Kind, State
from soms.billing.fapiao.news import News
from soms.billing.fapiao.port import Confirmation, Issued, Refused
from soms.kit import clock

from tests.functions.fapiao_stage import Stage
from tests.functions.test_refusals import refused
from tests.world import World

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)
LEADS: dict[str, dict[str, str]] = {
    "accepted": {"submitted": "submitted", "unknown": "submitted", "rejected": "submitted"},
    "lost": {"submitted": "unknown", "unknown": "unknown"},
    "unheard": {"submitted": "submitted", "unknown": "unknown", "rejected": "rejected"},
    "issued": {"submitted": "issued", "unknown": "issued", "rejected": "issued"},
    "refused": {"submitted": "rejected", "unknown": "rejected"},
}
RED_LEADS: dict[str, dict[str, str]] = {
    "confirmation_open": {"applied": "applied"},
    "confirmation_lost": {"applied": "applied", "withdrawing": "withdrawing"},
    "confirmation_confirmed": {"applied": "confirmed"},
    "confirmation_refused": {"applied": "refused", "confirmed": "refused", "withdrawing": "refused"},
    "confirmation_withdrawn": {"applied": "withdrawn", "confirmed": "withdrawn", "withdrawing": "withdrawn"},
    "withdrawal_refused": {"withdrawing": "applied"},
}


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.set(world)


def sent(stage: Stage, *troubles: simulated_books.Trouble) -> tuple[str, str]:
    """Submit one whose sending meets these troubles; return the invoice and the tax invoice."""
    invoice = stage.invoice()
    name = stage.requested(invoice)
    simulated_books.plan("issue", *troubles)
    stage.do(name, "submit")
    return invoice, name


def later(hours: float) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(hours=hours)


def pursued(name: str, hours: float = 0) -> str:
    """Pursue one as the sweep would so many hours from now."""
    now = later(hours)
    return sending.pursue(store.get(name), simulator.Simulator(now), now=now).state


def at_rest(stage: Stage) -> None:
    stage.world.drain()
    assert stage.world.broken() == []


def test_each_answer_leads_from_each_state_where_the_table_says_and_nowhere_else(stage: Stage) -> None:
    blue = stage.requested(stage.invoice())
    red = stage.red()
    led = {
        (name, kind, state): writing.learn(stage.become(one, state), News(name), now=clock.now).state
        for name in [*LEADS, *RED_LEADS]
        for kind, one in (("blue", blue), ("red", red))
        for state in STATES
    }

    expected: dict[tuple[str, str, str], str] = {
        (name, kind, state): LEADS.get(name, {}).get(state, state)
        for name in [*LEADS, *RED_LEADS]
        for kind in KINDS
        for state in STATES
    }
    for name, leads in RED_LEADS.items():
        for before, after in leads.items():
            expected[name, "red", f"confirmation_{before}"] = f"confirmation_{after}"
    assert led == expected
    assert {step.name for step in lifecycle.ANSWERS} == {*LEADS, *RED_LEADS}


def test_a_blue_one_takes_only_the_commands_of_its_state(stage: Stage) -> None:
    name = stage.requested(stage.invoice())
    words = {"submit": "submit", "apply": "red-confirmation", "withdraw": "red-confirmation/withdraw"}

    for state in STATES:
        for word, command in words.items():
            before = stage.become(name, state, attempts=1, files={})
            answer = stage.do(name, command)
            if word in lifecycle.allowed(before):
                assert answer.status == 200
            else:
                refused(answer, 409, "invalid_state")
                assert answer.body["meta"]["allowed"] == lifecycle.allowed(before)
                assert stage.get(name)["state"] == state


def test_an_answer_that_is_lost_is_found_by_asking(stage: Stage) -> None:
    invoice, name = sent(stage, "lost")
    lost = stage.get(name)

    found = stage.do(name, "refresh").body

    assert (lost["state"], lost["trouble"]["code"]) == ("unknown", "answer_lost")
    assert (found["state"], found["trouble"], found["attempts"]) == ("issued", None, 1)
    assert len(stage.on_platform(invoice)) == 1


def test_what_never_arrived_is_sent_again_under_its_serial(stage: Stage) -> None:
    invoice, name = sent(stage, "unreached")

    states = [stage.do(name, "refresh").body["state"] for _ in range(2)]

    assert states == ["submitted", "issued"]
    assert stage.get(name)["attempts"] == 2
    assert len(stage.on_platform(invoice)) == 1


@pytest.mark.parametrize("trouble", ["lost", "unreached"])
@pytest.mark.parametrize(("first", "state"), [((), "submitted"), (("lost",), "unknown")])
def test_a_question_without_an_answer_is_asked_again(
    stage: Stage, first: tuple[simulated_books.Trouble, ...], state: str, trouble: simulated_books.Trouble
) -> None:
    invoice, name = sent(stage, *first)
    simulated_books.plan("query", trouble)

    unheard = stage.do(name, "refresh").body
    heard = stage.do(name, "refresh").body

    assert (unheard["state"], unheard["trouble"]["code"]) == (state, "answer_lost")
    assert (heard["state"], len(stage.on_platform(invoice))) == ("issued", 1)


def test_what_arrives_late_is_the_same_request(stage: Stage) -> None:
    invoice, name = sent(stage, "unreached", "unreached")
    late = sending.paper(store.get(name), store.get(name).serial)
    stage.do(name, "refresh")

    stage.platform().issue(late)
    found = stage.do(name, "refresh").body

    assert found["state"] == "issued"
    assert len(stage.on_platform(invoice)) == 1


def test_a_function_that_died_before_its_call_is_gone_on_with_by_the_sweep(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)
    stage.become(name, "submitted", attempts=1, due_at=clock.stamp(datetime.now(UTC) - timedelta(hours=1)))

    first = stage.sweep()
    early = stage.sweep()

    assert (first, stage.state(name)) == ({"asked": 1, "failed": 0}, "submitted")
    assert early == {"asked": 0, "failed": 0}
    assert pursued(name) == "issued"
    assert len(stage.on_platform(invoice)) == 1


def test_what_waits_is_due_later_and_later_and_what_is_done_never(stage: Stage) -> None:
    name = stage.red()
    blue = store.get(str(store.get(name).blue_id))
    simulated_books.plan("query_red", *["lost"] * 9)
    stage.do(name, "red-confirmation")
    pauses = []
    for _ in range(8):
        pursued(name)
        due = store.get(name).due_at or ""
        pauses.append(round((datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds() / 60))

    assert pauses == [4, 8, 16, 32, 60, 60, 60, 60]
    assert (blue.state, blue.due_at) == ("issued", None)


def test_the_sweep_goes_on_when_one_fails(stage: Stage) -> None:
    early, late = (clock.stamp(datetime.now(UTC) - timedelta(hours=hours)) for hours in (2, 1))
    broken, sound = (stage.requested(stage.invoice()) for _ in range(2))
    _, whole = sent(stage)
    stage.do(whole, "refresh")
    number = store.get(whole).number
    stage.become(broken, "issued", number=number, issued_at="no instant", due_at=early)
    stage.become(sound, "submitted", attempts=1, due_at=late)

    told = stage.sweep()

    assert told == {"asked": 1, "failed": 1}
    assert stage.on_platform(stage.get(sound)["invoice_id"]) == []
    assert pursued(sound) == "issued"


def test_another_content_under_our_serial_is_found_by_asking_and_taken_as_it_is(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)
    ours = sending.paper(store.get(name), store.get(name).serial)
    stage.platform().issue(replace(ours, title="另一个", type="general"))

    taken = stage.do(name, "submit").body
    issued = stage.do(name, "refresh").body

    assert (taken["state"], taken["trouble"]["code"]) == ("unknown", "serial_taken")
    assert (issued["state"], issued["title"], issued["type"]) == ("issued", "另一个", "general")
    assert len(stage.on_platform(invoice)) == 1


def test_a_refusal_of_an_attempt_that_was_overtaken_changes_nothing(stage: Stage) -> None:
    _, name = sent(stage, "unreached")
    first = store.get(name)
    stage.do(name, "refresh")

    after = writing.learn(first, News("refused", trouble=("late", "late")), now=clock.now)

    assert (after.state, after.attempts, after.trouble) == ("submitted", 2, None)


def test_what_was_issued_counts_however_late_it_is_told(stage: Stage) -> None:
    _, name = sent(stage)
    first = store.get(name)
    told = stage.platform().query(first.serial)
    assert isinstance(told, Issued)
    stage.become(name, "rejected", attempts=2)

    late = {"number": told.number, "issued_at": told.issued_at}
    after = writing.learn(first, News("issued", late), now=clock.now)

    assert (after.state, after.number) == ("issued", told.number)


def test_what_arrives_after_a_later_attempt_was_refused_is_found_by_the_sweep(stage: Stage) -> None:
    invoice, name = sent(stage, "unreached")
    early = sending.paper(store.get(name), store.get(name).serial)
    simulated_books.allow(Decimal(0))
    refused_ = stage.do(name, "refresh").body
    assert (refused_["state"], refused_["trouble"]["code"]) == ("rejected", "credit_exceeded")

    nothing = stage.do(name, "refresh").body
    simulated_books.allow(Decimal(1000))
    stage.platform().issue(early)
    found = [pursued(name) for _ in range(2)]

    assert (nothing["state"], nothing["trouble"]["code"]) == ("rejected", "credit_exceeded")
    assert store.get(name).state == found[-1] == "issued"
    assert len(stage.on_platform(invoice)) == 1


def test_what_was_refused_is_doubted_for_a_while_and_not_for_ever(stage: Stage) -> None:
    _, name = sent(stage, "unreached")
    simulated_books.allow(Decimal(0))
    stage.do(name, "refresh")

    due = [bool(store.get(name).due_at)]
    for _ in range(6):
        pursued(name)
        due.append(bool(store.get(name).due_at))

    assert due == [True] * 6 + [False]


def test_files_that_are_not_ready_are_fetched_later(stage: Stage) -> None:
    _, name = sent(stage)
    stage.do(name, "refresh")
    whole = store.get(name)
    some = {"pdf": whole.files["pdf"]}
    stage.become(name, "issued", files=some)

    asked = stage.do(name, "refresh").body

    assert set(asked["files"]) == {"pdf", "ofd", "xml"}
    refused(stage.do(name, "refresh"), 409, "invalid_state")


# Red ones.


def test_a_buyer_who_refuses_ends_the_round_and_another_may_begin(stage: Stage) -> None:
    name = stage.red(title=f"某公司 {simulator.REFUSING}")
    stage.do(name, "red-confirmation")

    states = [stage.do(name, "refresh").body["state"] for _ in range(2)]
    again = stage.do(name, "red-confirmation").body

    assert states == ["confirmation_applied", "confirmation_refused"]
    assert (again["state"], again["confirmation_round"]) == ("confirmation_applied", 2)
    at_rest(stage)


def test_what_no_buyer_confirms_in_72_hours_has_lapsed(stage: Stage) -> None:
    name = stage.red(title=f"某公司 {simulator.SILENT}")
    stage.do(name, "red-confirmation")

    states = [pursued(name, hours) for hours in (1, 24, 71.9, 72.1)]

    assert states == [*["confirmation_applied"] * 3, "confirmation_refused"]
    lapsed = stage.get(name)
    assert (lapsed["trouble"]["code"], lapsed["allowed"]) == ("confirmation_lapsed", ["apply", "confirm"])


@pytest.mark.parametrize("trouble", ["lost", "unreached"])
def test_an_application_whose_answer_is_lost_is_made_once(
    stage: Stage, trouble: simulated_books.Trouble
) -> None:
    name = stage.red()
    simulated_books.plan("apply_red", trouble)

    applied = stage.do(name, "red-confirmation").body
    states = [stage.do(name, "refresh").body["state"] for _ in range(3)]

    assert (applied["state"], applied["confirmation_number"]) == ("confirmation_applied", None)
    assert applied["trouble"]["code"] == "answer_lost"
    assert states[-1] == "confirmation_confirmed"
    assert stage.get(name)["confirmation_round"] == 1


def test_an_application_that_the_platform_refuses_is_told(stage: Stage) -> None:
    name = stage.red()
    stage.become(name, "requested", blue_number="26000000000000009999")

    answer = stage.do(name, "red-confirmation").body

    assert (answer["state"], answer["trouble"]["code"]) == ("confirmation_refused", "red_exceeds_blue")


@pytest.mark.parametrize("looks", [0, 2])
@pytest.mark.parametrize("trouble", [(), ("lost",), ("unreached",)])
def test_a_confirmation_is_withdrawn_whatever_becomes_of_the_answer(
    stage: Stage, looks: int, trouble: tuple[simulated_books.Trouble, ...]
) -> None:
    name = stage.red()
    stage.do(name, "red-confirmation")
    for _ in range(looks):
        stage.do(name, "refresh")
    simulated_books.plan("cancel_red", *trouble)

    withdrawn = stage.do(name, "red-confirmation/withdraw", {"reason": "a mistake"}).body
    if trouble:
        assert withdrawn["state"] == "confirmation_withdrawing"
        withdrawn = stage.do(name, "refresh").body

    assert (withdrawn["state"], withdrawn["allowed"]) == ("confirmation_withdrawn", ["apply", "confirm"])
    on_platform = stage.platform().query_red(withdrawn["confirmation_number"])
    assert on_platform == Confirmation(withdrawn["confirmation_number"], "withdrawn")


def test_an_application_that_never_arrived_is_withdrawn_by_that(stage: Stage) -> None:
    name = stage.red()
    simulated_books.plan("apply_red", "unreached")
    stage.do(name, "red-confirmation")

    withdrawn = stage.do(name, "red-confirmation/withdraw").body

    assert withdrawn["state"] == "confirmation_withdrawn"


def test_one_whose_application_is_in_the_dark_is_asked_about_before_it_is_withdrawn(stage: Stage) -> None:
    name = stage.red()
    simulated_books.plan("apply_red", "lost")
    simulated_books.plan("query_red", "lost")
    stage.do(name, "red-confirmation")

    dark = stage.do(name, "red-confirmation/withdraw").body
    withdrawn = stage.do(name, "refresh").body

    assert (dark["state"], withdrawn["state"]) == ("confirmation_withdrawing", "confirmation_withdrawn")
    assert stage.platform().query_red(store.get(name).confirmation_serial) == Confirmation(
        withdrawn["confirmation_number"], "withdrawn"
    )


def test_a_withdrawal_that_is_refused_leaves_the_confirmation_as_it_is(stage: Stage) -> None:
    name = stage.red()
    stage.do(name, "red-confirmation")
    for _ in range(2):
        stage.do(name, "refresh")
    by_hand = sending.paper(store.get(name), store.get(name).serial)
    stage.platform().issue(replace(by_hand, serial="byhand"))

    states = [stage.do(name, "red-confirmation/withdraw").body["state"]]
    states += [stage.do(name, command).body["state"] for command in ("refresh", "submit")]
    rejected = stage.get(name)

    assert states == ["confirmation_applied", "confirmation_confirmed", "rejected"]
    assert rejected["trouble"]["code"] == "confirmation_not_valid"
    assert rejected["allowed"] == ["submit", "apply", "confirm", "refresh"]


@pytest.mark.parametrize("troubles", [(), ("lost",), ("unreached",)])
def test_a_confirmation_that_the_buyer_began_is_confirmed_by_us(
    stage: Stage, troubles: tuple[simulated_books.Trouble, ...]
) -> None:
    name = stage.red()
    theirs = sending.paper(store.get(name), "ofthebuyer01")
    begun = stage.platform().buyer_begins(theirs)
    assert isinstance(begun, Confirmation)
    simulated_books.plan("confirm_red", *troubles)

    said = {"confirmation_number": begun.number}
    states = [stage.do(name, "red-confirmation/confirm", said).body["state"]]
    states += [stage.do(name, "refresh").body["state"]] if troubles else []
    states += [stage.do(name, command).body["state"] for command in ("submit", "refresh")]

    applied = ["confirmation_applied"] if troubles else []
    assert states == [*applied, "confirmation_confirmed", "submitted", "issued"]


def test_a_confirmation_of_something_else_is_not_confirmed(stage: Stage) -> None:
    name = stage.red()
    theirs = sending.paper(store.get(name), "ofthebuyer01")
    other = stage.platform().buyer_begins(replace(theirs, total=theirs.total / 2))
    assert isinstance(other, Confirmation)

    unknown = stage.do(name, "red-confirmation/confirm", {"confirmation_number": "999999"}).body
    differs = stage.do(name, "red-confirmation/confirm", {"confirmation_number": other.number}).body

    assert (unknown["state"], unknown["trouble"]["code"]) == ("confirmation_refused", "confirmation_unknown")
    assert (differs["state"], differs["trouble"]["code"]) == ("confirmation_refused", "confirmation_differs")


def test_a_buyer_may_change_its_mind_until_the_red_one_is_sent(stage: Stage) -> None:
    name = stage.red()
    stage.do(name, "red-confirmation")
    for _ in range(2):
        stage.do(name, "refresh")
    stage.platform().buyer_decides(stage.get(name)["confirmation_number"], "refused")

    asked = stage.do(name, "refresh").body

    assert (asked["state"], asked["allowed"]) == ("confirmation_refused", ["apply", "confirm"])


def test_a_red_one_rejected_for_its_confirmation_takes_another(stage: Stage) -> None:
    name = stage.red()
    stage.do(name, "red-confirmation")
    for _ in range(2):
        stage.do(name, "refresh")
    stage.platform().buyer_decides(stage.get(name)["confirmation_number"], "withdrawn")

    states = [stage.do(name, "submit").body["state"]]
    states += [stage.do(name, one).body["state"] for one in ("red-confirmation", "refresh", "refresh")]
    states += [stage.do(name, one).body["state"] for one in ("submit", "refresh")]

    assert states == [
        "rejected",
        *["confirmation_applied"] * 2,
        *("confirmation_confirmed", "submitted", "issued"),
    ]


def test_news_of_an_earlier_round_changes_nothing(stage: Stage) -> None:
    name = stage.red(title=f"某公司 {simulator.REFUSING}")
    stage.do(name, "red-confirmation")
    first = store.get(name)
    for _ in range(2):
        stage.do(name, "refresh")
    stage.do(name, "red-confirmation")

    after = writing.learn(first, News("confirmation_confirmed"), now=clock.now)

    assert (after.state, after.confirmation_round) == ("confirmation_applied", 2)


def test_the_platform_takes_a_serial_once_and_tells_repeats_the_same(stage: Stage) -> None:
    _, name = sent(stage)
    made = sending.paper(store.get(name), store.get(name).serial)
    platform = stage.platform()

    told = platform.query(made.serial)

    assert platform.issue(made) == told == platform.query(made.serial)
    assert platform.issue(replace(made, reference="other")) == Refused("serial_taken", "流水号已用于其他内容")
    assert len(stage.papers()) == 1
