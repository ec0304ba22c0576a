"""How statements are read and applied: what the modules of billing say is what a job is told."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel
from soms.billing.bank import reconciling
from soms.billing.statements import reading, refusals
from soms.kit.access import Caller, system
from soms.kit.writes import AlreadyDone
from soms.transfers import kinds
from soms.transfers.kinds import KINDS, File, Outcome
from soms.transfers.model import KindName, Unreadable

FILE = File(b"content", "a.sta", "bank", ZoneInfo("Asia/Shanghai"), {"account": "DE1"})
NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Line(BaseModel):
    id: str
    amount: str


class Statement(BaseModel):
    account: str
    lines: tuple[Line, ...]


class Broken(Exception):
    code, words, row = "unknown_format", ("no known format", "无法识别的格式"), 7


def reader(plant: pytest.MonkeyPatch, read: Any) -> None:
    """Let files be read so."""
    plant.setattr(reading, "read", read)
    plant.setattr(refusals, "Unreadable", Broken)


@pytest.mark.parametrize("name", KindName)
def test_every_line_of_every_statement_is_a_row_that_knows_its_statement(
    monkeypatch: pytest.MonkeyPatch, name: KindName
) -> None:
    asked: list[object] = []

    def read(*given: object, **more: object) -> list[Statement]:
        asked.extend((*given, more))
        lines = [Line(id=one, amount="1.00") for one in "abc"]
        return [Statement(account="X", lines=tuple(lines[:2])), Statement(account="Y", lines=(lines[2],))]

    reader(monkeypatch, read)
    rows = list(KINDS[name].read(FILE))

    zone = ZoneInfo("Asia/Shanghai")
    told = {"zone": zone, "account": "DE1", "currency": ""}
    assert asked == [b"content", "a.sta", told]
    assert [(row.id, row.facts, row.value) for row in rows] == [
        ("a", {"account": "X"}, {"id": "a", "amount": "1.00"}),
        ("b", {"account": "X"}, {"id": "b", "amount": "1.00"}),
        ("c", {"account": "Y"}, {"id": "c", "amount": "1.00"}),
    ]


def test_what_cannot_be_read_says_where_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **_more: object) -> list[Statement]:
        raise Broken

    reader(monkeypatch, read)
    with pytest.raises(Unreadable) as unread:
        list(KINDS[KindName.BANK_STATEMENTS].read(FILE))

    error = unread.value.error
    assert (error.code, error.row, error.message_zh) == ("unknown_format", 7, "无法识别的格式")


def applied(monkeypatch: pytest.MonkeyPatch, take: Any) -> Outcome:
    monkeypatch.setattr(kinds, "StatementLine", Line)
    monkeypatch.setattr(reconciling, "take", take)
    kind = KINDS[KindName.SETTLEMENTS]
    values = [{"id": "a", "amount": "1.00"}, {"id": "b", "amount": "2.00"}]
    return kind.apply(values, {"account": "X"}, system("imports", "1"), now=NOW)


def test_lines_are_taken_as_lines_and_counted_as_reconciling_counts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def take(lines: list[Line], facts: object, caller: Caller, *, now: datetime) -> SimpleNamespace:
        asked.extend((lines, facts, caller.principal, now))
        return SimpleNamespace(new=1, known=1)

    outcome = applied(monkeypatch, take)

    assert asked == [
        [Line(id="a", amount="1.00"), Line(id="b", amount="2.00")],
        {"account": "X"},
        "system:imports",
        NOW,
    ]
    assert outcome == Outcome(new=1, known=1)


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [({"facts": {"new": 2, "known": 0}}, Outcome(new=2)), ({"id": "evt_1"}, Outcome(known=2))],
)
def test_what_was_taken_before_by_the_same_command_is_counted_as_it_was_then(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, object], outcome: Outcome
) -> None:
    def take(*_: object, **_more: object) -> SimpleNamespace:
        raise AlreadyDone(entry)

    assert applied(monkeypatch, take) == outcome
