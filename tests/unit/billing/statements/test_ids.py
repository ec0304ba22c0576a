"""An id says which line it is: the same file again changes nothing, and two true twins remain two."""

from datetime import date
from decimal import Decimal

import pytest
from soms.billing.statements.drafting import LINES, Book, Draft, Given, Head
from soms.billing.statements.model import StatementLine
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI

HEADER = "Date,Amount,Currency,Description,Reference\n"
MONDAY = "2026-03-02,10.00,EUR,Thanks,R1\n"
TUESDAY = "2026-03-03,10.00,EUR,Thanks,R1\n"


def lines(*rows: str, account: str = "A") -> tuple[StatementLine, ...]:
    (statement,) = read((HEADER + "".join(rows)).encode(), "a.csv", zone=SHANGHAI, account=account)
    return statement.lines


def ids(*rows: str, account: str = "A") -> list[str]:
    return [line.id for line in lines(*rows, account=account)]


def test_the_same_file_again_gives_the_same_ids() -> None:
    assert ids(MONDAY, TUESDAY) == ids(MONDAY, TUESDAY)


def test_a_file_that_overlaps_gives_the_ids_of_the_lines_they_share() -> None:
    before, shared = ids(MONDAY, TUESDAY)

    assert ids(TUESDAY, "2026-03-04,1.00,EUR,More,R2\n")[0] == shared != before


def test_two_true_twins_of_a_day_remain_two() -> None:
    first, second = ids(MONDAY, MONDAY)

    assert first != second
    assert ids(MONDAY) == [first]


def test_the_same_line_on_another_account_is_another_line() -> None:
    assert ids(MONDAY) != ids(MONDAY, account="B")


def test_zeros_behind_the_point_do_not_make_another_line() -> None:
    assert ids(MONDAY) == ids(MONDAY.replace("10.00", "10.0"))


def test_who_paid_and_what_for_make_another_line() -> None:
    assert len({*ids(MONDAY), *ids(MONDAY.replace("R1", "R2")), *ids(MONDAY.replace("Thanks", "Bill"))}) == 3


def test_twins_are_counted_over_all_statements_of_a_file() -> None:
    content = (EXCERPT / "bank/mt940/self-provided/raphaelm.sta").read_bytes()

    found = read(content, "raphaelm.sta", zone=SHANGHAI)

    twins = [line for one in found for line in one.lines if line.amount == 20000]
    assert len({line.id for line in twins}) == len(twins) == 7


def test_a_file_has_no_more_lines_than_the_limit_over_all_its_statements() -> None:
    book = Book(Given("a", SHANGHAI), "mt940", "bank")
    drafts = [Draft(booked_on=date(2026, 3, 2), amount=Decimal(1))] * LINES
    book.statement(Head(), drafts[:1])

    with pytest.raises(Unreadable) as refusal:
        book.statement(Head(), drafts)

    assert refusal.value.code == "too_many_lines"


def test_the_csv_and_the_workbook_of_one_bill_have_the_same_lines() -> None:
    folder = EXCERPT / "settlement/cn/wechat"
    (csv,) = read((folder / "example-wechat-records.csv").read_bytes(), "a.csv", zone=SHANGHAI)
    (workbook,) = read((folder / "example-wechat-records.xlsx").read_bytes(), "a.xlsx", zone=SHANGHAI)

    assert [line.id for line in csv.lines] == [line.id for line in workbook.lines]
