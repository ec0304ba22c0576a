"""Imports: opened, uploaded, read, applied; the same file twice, files that are wrong, and who may."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from soms.kit.access import Group
from soms.transfers.kinds import KINDS
from soms.transfers.model import KindName

from tests.imports import FAY, KIND, Desk, Hurried, some, statement, take
from tests.world import World

AUDITOR: dict[str, Any] = {"as_": "auditor", "name": "ada"}


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, KIND)
    desk = Desk(world)
    yield desk
    world.drain()
    assert world.broken() == []


def counts(rows: int, ok: int, failed: int = 0, duplicate: int = 0) -> dict[str, int]:
    return {"rows": rows, "ok": ok, "failed": failed, "duplicate": duplicate}


def test_a_file_is_opened_uploaded_read_and_applied(desk: Desk) -> None:
    opened = desk.open(body={"source": "bank-of-china"})
    import_id = opened.body["id"]
    sent = desk.upload(opened, some(7))
    desk.arrive(import_id)
    ready = desk.get(import_id)
    begun = desk.command(import_id, "apply", headers={"If-Match": ready.headers["ETag"]})
    desk.work()
    done = desk.get(import_id)

    assert (opened.status, opened.headers["Location"]) == (202, f"/v1/imports/{import_id}")
    assert (opened.body["state"], opened.headers["ETag"]) == ("awaiting_upload", '"1.0"')
    assert sent == 204
    assert (ready.body["state"], ready.body["counts"]) == ("ready", counts(7, 7))
    assert (ready.body["progress"], ready.body["allowed"]) == ({"done": 0, "total": 7}, ["apply", "cancel"])
    assert "upload" not in ready.body
    assert (begun.status, begun.body["state"]) == (200, "applying")
    assert (done.body["state"], done.body["counts"]) == ("done", counts(7, 7))
    assert (done.body["progress"], done.body["errors_url"]) == ({"done": 7, "total": 7}, None)
    assert (done.body["created_by"], done.body["applied_by"]) == ("fay", "fay")
    assert desk.taken() == [f"l{number}" for number in range(7)]


def test_nothing_is_stored_before_it_is_applied(desk: Desk) -> None:
    import_id = desk.handed_in(some(5))

    assert desk.get(import_id).body["state"] == "ready"
    assert (desk.taken(), desk.waiting) == ([], [])


def test_the_first_rows_are_told_with_what_would_happen_to_them(desk: Desk) -> None:
    content = statement(("l1", "1.00"), ("l1", "1.00"), ("l2", "x"), *((f"m{n}", "1.00") for n in range(30)))

    body = desk.get(desk.handed_in(content)).body

    assert body["counts"] == counts(33, 31, failed=1, duplicate=1)
    assert [one["outcome"] for one in body["sample"][:4]] == ["taken", "repeated", "refused", "taken"]
    assert len(body["sample"]) == 20
    assert body["sample"][0]["value"] == {"account": "A", "id": "l1", "amount": "1.00"}
    assert [(one["row"], one["code"]) for one in body["errors"]] == [(3, "not_a_decimal")]


def test_what_is_good_is_applied_without_what_is_bad(desk: Desk) -> None:
    lines = [(f"l{number}", "13.00" if number in {4, 8} else "1.00") for number in range(10)]
    lines[6] = ("=l6", "x")

    done = desk.applied(statement(*lines))

    assert (done.body["state"], done.body["counts"]) == ("done_with_errors", counts(10, 7, failed=3))
    assert desk.taken() == ["l0", "l1", "l2", "l3", "l5", "l7", "l9"]
    told = desk.errors(done)
    assert [(one["_row"], one["id"], one["_code"]) for one in told] == [
        ("5", "l4", "unlucky"),
        ("7", "'=l6", "not_a_decimal"),
        ("9", "l8", "unlucky"),
    ]
    assert (told[0]["_message_en"], told[0]["_message_zh"]) == ("l4 is unlucky", "l4 不吉利")
    assert [one["row"] for one in done.body["errors"]] == [7, 5, 9]


def test_only_the_first_errors_are_told_and_the_file_has_all(desk: Desk) -> None:
    done = desk.applied(statement(*((f"l{number}", "13.00") for number in range(25))))

    assert (done.body["state"], done.body["counts"]) == ("done_with_errors", counts(25, 0, failed=25))
    assert len(done.body["errors"]) == 20
    assert [one["_row"] for one in desk.errors(done)] == [str(number) for number in range(1, 26)]


def test_the_same_file_again_takes_nothing_again(desk: Desk) -> None:
    first = desk.applied(some(5))
    second = desk.applied(some(7))

    assert first.body["counts"] == counts(5, 5)
    assert (second.body["state"], second.body["counts"]) == ("done", counts(7, 2, duplicate=5))
    assert desk.taken() == [f"l{number}" for number in range(7)]


def test_an_import_is_applied_once(desk: Desk) -> None:
    import_id = desk.handed_in(some(5))

    first = desk.command(import_id, "apply", key="once")
    again = desk.command(import_id, "apply", key="once")
    other = desk.command(import_id, "apply")
    runs = desk.work()
    late = desk.command(import_id, "apply", key="once")

    assert (first.status, again.status) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status, other.code, other.body["meta"]["allowed"]) == (
        409,
        "invalid_state",
        ["cancel", "retry"],
    )
    # The repeat begins the work again, for the first answer may have been lost before it began.
    assert runs == 2
    assert (late.status, late.body["state"], desk.waiting) == (200, "done", [])
    assert desk.get(import_id).body["counts"] == counts(5, 5)


def test_opening_again_with_its_key_is_the_same_import_with_a_form(desk: Desk) -> None:
    first, again = desk.open(key="open"), desk.open(key="open")
    other = desk.open(key="open", body={"file_name": "other.csv"})

    assert (again.status, again.body["id"]) == (202, first.body["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["upload"]["fields"]["key"] == first.body["upload"]["fields"]["key"]
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_form_takes_one_file_of_bounded_size_under_a_name_of_ours_for_five_minutes(desk: Desk) -> None:
    answer = desk.open(body={"file_name": "../../etc.csv".replace("/", "")})

    fields = answer.body["upload"]["fields"]

    assert fields["key"] == f"imports/{answer.body['id']}/upload"
    assert conditions(fields) == (300, [1, KIND.most_bytes])


def conditions(fields: dict[str, str]) -> tuple[int, list[int]]:
    """Return for how many seconds a form is good, to the minute, and the sizes that it takes."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    (sizes,) = (one[1:] for one in policy["conditions"] if isinstance(one, list))
    return round(left.total_seconds() / 60) * 60, sizes


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"kind": "orders"}, "/kind", "not_one_of"),
        ({"kind": "nonsense"}, "/kind", "not_one_of"),
        ({"file_name": "a/b.csv"}, "/file_name", "wrong_format"),
        ({"file_name": ""}, "/file_name", "too_short"),
        ({"source": "a b"}, "/source", "wrong_format"),
        ({"options": {"historical": True}}, "/options/historical", "unknown_field"),
        ({"options": {"time_zone": "Mars"}}, "/options/time_zone", "unknown_time_zone"),
        ({"mapping": {}}, "/mapping", "unknown_field"),
    ],
)
def test_what_cannot_be_imported_is_refused_by_name(
    desk: Desk, body: dict[str, object], pointer: str, code: str
) -> None:
    answer = desk.open(body=body)

    assert (answer.status, answer.code) == (422, code)
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b"\xff\xfe\x00", "not_text", None),
        (b"a,b\n1,2\n", "unknown_format", 1),
        (b"account,id,amount\n", "empty_file", None),
        (b"", "empty_file", None),
    ],
)
def test_a_file_that_cannot_be_read_fails_and_says_why(
    desk: Desk, content: bytes, code: str, row: int | None
) -> None:
    told = desk.get(desk.handed_in(content))

    assert (told.body["state"], told.body["allowed"]) == ("failed", ["retry"])
    assert [(one["code"], one["row"]) for one in told.body["errors"]] == [(code, row)]
    assert [one["_code"] for one in desk.errors(told)] == [code]


def test_a_file_that_is_too_large_or_too_long_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, KindName.SETTLEMENTS, replace(KIND, most_bytes=100))
    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, most_rows=10))

    heavy = desk.get(desk.handed_in(some(20), body={"kind": "settlements"}))
    long = desk.get(desk.handed_in(some(11)))
    full = desk.get(desk.handed_in(some(10)))

    assert [one["code"] for one in heavy.body["errors"]] == ["too_large"]
    assert [(one["code"], one["row"]) for one in long.body["errors"]] == [("too_many_rows", 11)]
    assert (full.body["state"], full.body["counts"]["rows"]) == ("ready", 10)


def test_a_statement_without_a_line_is_applied_and_takes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, may_be_empty=True))

    done = desk.applied(statement())

    assert (done.body["state"], done.body["counts"], done.body["sample"]) == ("done", counts(0, 0), [])


def test_a_second_upload_changes_nothing_that_was_read(desk: Desk) -> None:
    import_id = desk.handed_in(some(5))

    desk.put(import_id, some(9))
    desk.arrive(import_id)
    desk.command(import_id, "apply")
    desk.work()

    assert desk.get(import_id).body["counts"] == counts(5, 5)
    assert len(desk.taken()) == 5


def test_what_comes_in_for_nobody_or_is_told_twice_changes_nothing(desk: Desk) -> None:
    import_id = desk.handed_in(some(2))
    before = desk.get(import_id)

    desk.arrive(import_id)
    desk.arrive("imp_nobody")
    desk.arrive(str(desk.open().body["id"]))

    assert desk.get(import_id).headers["ETag"] == before.headers["ETag"]


def test_a_cancelled_import_stops_and_keeps_what_it_took(desk: Desk) -> None:
    import_id = desk.handed_in(some(12))
    desk.command(import_id, "apply")
    desk.context = Hurried(2)
    desk.run()

    cancelled = desk.command(import_id, "cancel", {"reason": "wrong month"})
    desk.context = Hurried(99)
    assert desk.work() == 1

    told = desk.get(import_id)
    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    assert (told.body["state"], told.body["allowed"]) == ("cancelled", [])
    assert (told.body["progress"]["done"], told.body["counts"]) == (6, counts(12, 6))
    assert len(desk.taken()) == 6


def test_what_is_taken_while_it_is_cancelled_is_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = desk.handed_in(some(12))

    def taken(*rows: Any, **more: Any) -> Any:
        if not desk.taken():
            desk.command(import_id, "cancel")
        return take(*rows, **more)

    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, apply=taken))
    desk.command(import_id, "apply")
    desk.work()

    told = desk.get(import_id).body
    assert (told["state"], told["counts"], told["progress"]["done"]) == ("cancelled", counts(12, 3), 3)
    assert len(desk.taken()) == 3


def test_a_run_that_has_no_time_left_begins_the_next_one(desk: Desk) -> None:
    import_id = desk.handed_in(some(10))
    desk.command(import_id, "apply")
    desk.context = Hurried(1)

    runs = desk.work()

    assert runs == 4
    assert desk.get(import_id).body["counts"] == counts(10, 10)


@pytest.mark.parametrize("state", ["awaiting_upload", "ready"])
def test_what_was_not_begun_can_be_cancelled(desk: Desk, state: str) -> None:
    import_id = desk.handed_in(some(2)) if state == "ready" else str(desk.open().body["id"])

    cancelled = desk.command(import_id, "cancel")
    desk.put(import_id, some(2))
    desk.arrive(import_id)
    applied = desk.command(import_id, "apply")

    assert cancelled.body["state"] == "cancelled"
    assert (applied.status, applied.code) == (409, "invalid_state")
    assert desk.get(import_id).body["state"] == "cancelled"


def test_a_form_that_expired_is_given_anew_and_a_file_nobody_told_of_is_found(desk: Desk) -> None:
    import_id = str(desk.open().body["id"])

    anew = desk.command(import_id, "retry")
    desk.work()
    waiting = desk.get(import_id).body["state"]
    desk.upload(anew, some(3))
    desk.command(import_id, "retry")
    desk.work()

    assert (anew.body["state"], waiting) == ("awaiting_upload", "awaiting_upload")
    assert desk.get(import_id).body["state"] == "ready"


def test_a_failed_file_is_read_again_after_it_was_mended(desk: Desk) -> None:
    import_id = desk.handed_in(b"a,b\n1,2\n")
    desk.put(import_id, some(3))

    desk.command(import_id, "retry")
    desk.work()

    told = desk.get(import_id)
    assert (told.body["state"], told.body["errors"], told.body["errors_url"]) == ("ready", [], None)


@pytest.mark.parametrize("part", ["read", "apply"])
def test_what_fails_three_times_says_so_and_goes_on_when_it_is_told_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def broken(*_: Any, **_more: Any) -> Any:
        raise RuntimeError

    import_id = str(desk.open().body["id"])
    desk.put(import_id, some(7))
    if part == "apply":
        desk.arrive(import_id)
    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, **{part: broken}))
    states = []
    for _ in range(3):
        if part == "apply" and not states:
            desk.command(import_id, "apply")
        with pytest.raises(RuntimeError):
            desk.arrive(import_id) if part == "read" else desk.run()
        desk.waiting = [("apply", {"import": import_id, "run": 1})]
        states.append(desk.get(import_id).body["state"])
    told = desk.get(import_id)
    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, KIND)
    desk.waiting.clear()
    desk.command(import_id, "retry")
    desk.work()

    working = {"read": "validating", "apply": "applying"}[part]
    assert states == [working, working, "failed"]
    assert [one["code"] for one in told.body["errors"]] == ["internal_error"]
    assert [one["_code"] for one in desk.errors(told)] == ["internal_error"]
    after = desk.get(import_id).body
    assert (after["state"], after["errors"]) == ({"read": "ready", "apply": "done"}[part], [])


def test_rows_that_are_not_kept_any_longer_end_the_import(desk: Desk) -> None:
    import_id = desk.handed_in(some(3))
    desk.lose(import_id)

    desk.command(import_id, "apply")
    desk.work()

    told = desk.get(import_id)
    assert (told.body["state"], told.body["sample"]) == ("failed", [])
    assert [one["code"] for one in told.body["errors"]] == ["upload_gone"]


def test_a_stale_version_is_refused(desk: Desk) -> None:
    import_id = desk.handed_in(some(1))

    stale = desk.command(import_id, "apply", headers={"If-Match": '"7.0"'})

    assert (stale.status, stale.code) == (412, "version_mismatch")


def test_an_auditor_reads_and_neither_imports_nor_uploads(desk: Desk) -> None:
    import_id = str(desk.open().body["id"])

    told = desk.get(import_id, **AUDITOR)
    listed = desk.world.call("GET", "/v1/imports", **AUDITOR)
    commands = [desk.command(import_id, one, **AUDITOR).status for one in ("apply", "cancel", "retry")]

    assert (told.status, "upload" in told.body) == (200, False)
    assert [one["id"] for one in listed.body["data"]] == [import_id]
    assert commands == [403, 403, 403]
    assert desk.open(**AUDITOR).status == 403


def test_what_somebody_may_not_import_is_not_there_for_him(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    managers = replace(KIND, may=frozenset({Group.FINANCE_MANAGER}), sees=frozenset())
    monkeypatch.setitem(KINDS, KindName.SETTLEMENTS, managers)
    theirs = str(desk.open(as_="finance_manager", body={"kind": "settlements"}).body["id"])
    mine = str(desk.open().body["id"])

    refused = desk.open(body={"kind": "settlements"})
    read = desk.get(theirs)
    commands = [desk.command(theirs, one).status for one in ("apply", "cancel", "retry")]
    listed = desk.world.call("GET", "/v1/imports", **FAY).body["data"]

    assert (refused.status, read.status, commands) == (403, 404, [404, 404, 404])
    assert [one["id"] for one in listed] == [mine]


def test_imports_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    bank = [str(desk.open().body["id"]) for _ in range(3)]
    provider = str(desk.open(body={"kind": "settlements"}).body["id"])

    first = desk.world.call("GET", "/v1/imports?limit=3", **FAY).body
    rest = desk.world.call("GET", f"/v1/imports?limit=3&cursor={first['next_cursor']}", **FAY).body
    narrowed = desk.world.call("GET", "/v1/imports?kind=settlements", **FAY).body

    ids = [one["id"] for one in [*first["data"], *rest["data"]]]
    assert ids == [provider, *reversed(bank)]
    assert rest["next_cursor"] is None
    assert [one["id"] for one in narrowed["data"]] == [provider]
    assert "sample" not in first["data"][0]


def test_times_are_the_companys_unless_the_file_is_said_to_be_from_elsewhere(desk: Desk) -> None:
    here, there = desk.open(), desk.open(body={"options": {"time_zone": "Europe/Berlin"}})

    assert (here.body["time_zone"], here.body["options"]) == ("Asia/Shanghai", {})
    assert (there.body["time_zone"], there.body["options"]) == ("Europe/Berlin", {"time_zone": "Europe/Berlin"})
