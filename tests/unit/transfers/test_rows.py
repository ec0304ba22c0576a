"""Rows between a kind and its job: written and read again, in chunks, with what is wrong as a file."""

import csv
import io
from collections.abc import Mapping

import pytest
from soms.transfers import rows
from soms.transfers.model import FEW, Counts, Row, RowError

WRONG = RowError(code="unknown_currency", message_en="no such currency", message_zh="没有该货币")


def row(name: str, account: str = "A", error: RowError | None = None, **value: object) -> Row:
    return Row(id=name, value={"id": name, **value}, facts={"account": account}, error=error)


def kept(*found: Row) -> bytes:
    return rows.written(*rows.numbered(found))


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_rows_are_read_as_they_were_written_with_the_facts_they_share() -> None:
    head, again = rows.read(iter(kept(row("1"), row("2"), row("3", "B"), row("4", error=WRONG)).splitlines()))

    assert head.facts == ({"account": "A"}, {"account": "B"}, {"account": "A"})
    assert [(one.row, one.value["id"], one.of, one.is_good) for one in again] == [
        (1, "1", 0, True),
        (2, "2", 0, True),
        (3, "3", 1, True),
        (4, "4", 2, False),
    ]


def test_what_the_file_repeats_is_counted_and_not_taken() -> None:
    head, found = rows.numbered([row("1"), row("2"), row("1"), row("2", "B"), row("5", error=WRONG), row("5")])

    assert head.counts == Counts(rows=6, ok=3, failed=1, duplicate=2)
    assert [one.twice for one in found] == [False, False, True, True, False, False]


def test_an_error_carries_the_number_of_its_row() -> None:
    _, found = rows.numbered([row("1"), row("2", error=WRONG)])

    assert found[1].error == WRONG.model_copy(update={"row": 2})


def test_a_chunk_is_no_longer_than_asked_and_never_mixes_facts() -> None:
    lines = kept(*(row(str(n), "A" if n < 4 else "B") for n in range(7)))

    head, found = rows.read(iter(lines.splitlines()))
    chunks = [(one.facts["account"], one.last, len(one.rows)) for one in rows.chunks(head, found, after=0, size=3)]

    assert chunks == [("A", 3, 3), ("A", 4, 1), ("B", 7, 3)]


@pytest.mark.parametrize("after", [0, 3, 4, 7])
def test_chunks_behind_the_end_of_one_are_those_that_follow_it(after: int) -> None:
    lines = kept(*(row(str(n), "A" if n < 4 else "B") for n in range(7))).splitlines()

    whole = [one.last for one in rows.chunks(*rows.read(iter(lines)), after=0, size=3)]
    rest = [one.last for one in rows.chunks(*rows.read(iter(lines)), after=after, size=3)]

    assert rest == [last for last in whole if last > after]


def test_a_sample_tells_the_first_rows_and_what_would_happen_to_them() -> None:
    lines = kept(row("1"), row("1"), row("3", error=WRONG), *(row(str(n)) for n in range(4, 40)))

    found = rows.sample(lines)
    cut = rows.sample(lines[:-5])

    assert [one["outcome"] for one in found[:4]] == ["taken", "repeated", "refused", "taken"]
    assert (len(found), found[0]["facts"]) == (FEW, {"account": "A"})
    assert cut == found
    assert rows.sample(b"") == []


def test_a_sample_of_the_beginning_leaves_out_the_row_it_cuts() -> None:
    lines = kept(row("1"), row("2"))

    assert [one["row"] for one in rows.sample(lines[:-1])] == [1]


def test_the_file_of_errors_has_the_refused_rows_alone_and_begins_with_a_mark() -> None:
    _, found = rows.numbered([row("1", amount="1.00"), row("2", amount="2.00"), row("3", error=WRONG)])

    content = rows.errors_file(found, {2: WRONG.model_copy(update={"row": 2})}, ())

    assert content.startswith(b"\xef\xbb\xbf")
    assert table(content) == [
        {
            "_row": number,
            "id": number,
            "amount": amount,
            "_status": "failed",
            "_code": "unknown_currency",
            "_message_en": "no such currency",
            "_message_zh": "没有该货币",
        }
        for number, amount in (("2", "2.00"), ("3", ""))
    ]


def test_what_is_wrong_with_the_whole_file_is_a_row_of_its_own() -> None:
    (told,) = table(rows.errors_file((), {}, [WRONG]))

    assert (told["_row"], told["_code"]) == ("", "unknown_currency")


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "-1+cmd|' /C calc'!A0", "-2-3"])
def test_a_spreadsheet_runs_nothing_that_came_with_a_file(text: str) -> None:
    _, found = rows.numbered([row("1", error=WRONG, **{text: text})])

    (told,) = table(rows.errors_file(found, {}, ()))

    assert told[f"'{text}"] == f"'{text}"


@pytest.mark.parametrize("text", ["-12.34", "+5", "12", "-1,234.50", "茶", ""])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    value: Mapping[str, object] = {"amount": text}
    _, found = rows.numbered([Row(id="1", value=value, error=WRONG)])

    (told,) = table(rows.errors_file(found, {}, ()))

    assert told["amount"] == text
