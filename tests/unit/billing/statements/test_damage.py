"""Damaged and hostile files: nothing but a refusal comes out, and none takes long."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI, files
from tests.unit.billing.statements.workbook import MAIN, sheet, workbook

FILES = [(path.name, path.read_bytes()) for path in files(EXCERPT)]
EXAMPLES = 20_000 if os.environ.get("SOMS_LONG") else 150
SECONDS = 5  # of the processor, however busy the machine is
SPLINTERS = (
    b",", b"\n", b'"', b"\0", b"\xff", b"-", b"9" * 30, b"1e99", b"NaN", b"<", b"]]>", b"&#0;", b":61:", b"88,", b"D,9999,",
    b"\xe5\xb9\xb4", b"0000", b"31/12/9999",
)  # fmt: skip


def survived(content: bytes, name: str) -> None:
    """Read it, or be refused for a reason in both languages; anything else is a failure."""
    start = time.process_time()
    try:
        found = read(content, name, zone=SHANGHAI)
    except Unreadable as refusal:
        assert all(refusal.words)  # noqa: PT017 - most are refused, some are read
        found = ()
    assert time.process_time() - start < SECONDS
    for statement in found:
        assert statement.adds_up in {True, False, None}
        assert all(line.net == line.amount - line.fee for line in statement.lines)


@settings(max_examples=EXAMPLES, deadline=None)
@given(file=st.sampled_from(FILES), length=st.floats(0, 1))
def test_a_file_that_is_cut_off_is_read_or_refused(file: tuple[str, bytes], length: float) -> None:
    name, content = file

    survived(content[: int(len(content) * length)], name)


@settings(max_examples=EXAMPLES, deadline=None)
@given(file=st.sampled_from(FILES), bits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), min_size=1))
def test_a_file_with_flipped_bits_is_read_or_refused(
    file: tuple[str, bytes], bits: list[tuple[float, int]]
) -> None:
    name, content = file
    flipped = bytearray(content)
    for place, bit in bits:
        flipped[int((len(flipped) - 1) * place)] ^= 1 << bit

    survived(bytes(flipped), name)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    file=st.sampled_from(FILES),
    blows=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(SPLINTERS), st.integers(0, 8)), min_size=1),
)
def test_a_file_with_splinters_in_it_is_read_or_refused(
    file: tuple[str, bytes], blows: list[tuple[float, bytes, int]]
) -> None:
    name, content = file
    struck = bytearray(content)
    for place, splinter, taken in blows:
        at = int(len(struck) * place)
        struck[at : at + taken] = splinter

    survived(bytes(struck), name)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    content=st.binary(max_size=2_000)
    | st.text(max_size=2_000).map(lambda text: text.encode("utf-8", "replace"))
)
def test_noise_is_read_or_refused(content: bytes) -> None:
    survived(content, "noise")


COUNT = 300_000
HOSTILE = {
    "sections that do not end": b"<OFX>" + b"<A><![CDATA[" * COUNT + b"</OFX>",
    "sections that end together": b"<OFX>" + b"<A><![CDATA[" * COUNT + b"]]>" * COUNT + b"</OFX>",
    "rooms in rooms": b"<OFX>" + b"<STMTRS><BANKTRANLIST><STMTTRN><PAYEE>" * (COUNT // 4) + b"</OFX>",
    "ends without a beginning": b"<OFX>" + b"<STMTRS><BAL>" * (COUNT // 4) + b"</CCSTMTRS>" * COUNT + b"</OFX>",
    "text after text": b":20:X\n:25:1\n:61:260302C1,NTRFX\n" + b":86:x\n" * COUNT,
    "continuations": b"01,1,2,260302,,,,,/\n02,1,2,1,260302,,,/\n03,1,,/\n" + b"88,\n" * COUNT + b"99,/",
    "text that goes on": b"01,1,2,260302,,,,,/\n02,1,2,1,260302,,,/\n03,1,,/\n" + b"x\n" * COUNT + b"99,/",
    "slashes and blanks": b"01,1,2,260302,,,,,/\n02,1,2,1,260302,,,/" + b"/ " * COUNT + b" " * COUNT,
    "quotes": b"Date,Amount\n" + b'"' * COUNT,
    "quotes and line ends": b"Date,Amount\n" + b'"\n' * COUNT,
    "columns": b"Date,Amount" + b",x" * COUNT + b"\n" + b"2026-03-02,1\n" * 1_000,
    "digits": b"Date,Amount\n2026-03-02," + b"1" * COUNT,
    "groups": b"Date,Amount\n2026-03-02," + b"1'" * (COUNT // 100),
    "siblings": b"<Document><BkToCstmrStmt><Stmt>" + b"<a/>" * COUNT + b"<Ntry/>" * COUNT + b"</Stmt></BkToCstmrStmt></Document>",
    "shared texts": workbook(sheet(("a",)), shared=f"<sst xmlns='{MAIN}'>{'<si/>' * 1_100_000}</sst>"),
    "cells": workbook(sheet(("a",)).replace("</sheetData>", f"<row>{'<c/>' * COUNT}</row></sheetData>")),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_no_longer_than_its_size_deserves(name: str) -> None:
    survived(HOSTILE[name], name)
