"""Statements, receipts and dunning letters: what they say, that they add up, and that they never change."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader
from soms.billing.paper import papers, pdf, sheet
from soms.billing.paper.papers import Applied
from soms.billing.paper.printed import Paper, Row
from soms.kit import items

from tests.unit.billing import press
from tests.unit.billing.issued import BUYER
from tests.unit.billing.printed_papers import dunning, head, late, receipt, statement

OCTOBER = (("invoice", "674.61"), ("payment", "100.00"), ("credit_note", "74.61"))


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return press.layer(tmp_path_factory.mktemp("layer"))


def rendered(paper: Paper, layer: Path) -> list[str]:
    """Return the text of each page."""
    pages = PdfReader(io.BytesIO(pdf.render_paper(paper, layer))).pages
    return [" ".join(page.extract_text().split()) for page in pages]


def said(rows: tuple[Row, ...]) -> dict[str, str]:
    return {row.label.en: row.value for row in rows}


def test_a_statement_leads_from_opening_to_closing(layer: Path) -> None:
    paper = statement(head(), *OCTOBER)

    (text,) = rendered(paper, layer)

    for words in (
        "对账单 Statement of account",
        "客户 Customer Nordlicht Handels GmbH",
        "对账期间 Period 2026-10-01 – 2026-10-31",
        "2026-10-01 期初余额 Opening 100.00",
        "2026-10-01 发票 Invoice INV-2026-000001 674.61 774.61",
        "2026-10-02 收款 Payment PAY-2026-000002 100.00 674.61",
        "2026-10-03 贷项通知单 Credit note CRE-2026-000003 74.61 600.00",
        "未到期 Not due 674.61",
        "逾期 120 天以上 Over 120 days 50.00",
        "应付我方 due to us",
        "期末余额 Closing balance CNY 600.00",
        "人民币陆佰元整",
        "经核对相符，客户（盖章） Agreed by the customer",
        "第 1 页 共 1 页 · Page 1 of 1",
    ):
        assert words in text


def test_a_statement_that_does_not_add_up_is_not_made() -> None:
    with pytest.raises(ArithmeticError):
        papers.statement(
            head(),
            since=date(2026, 10, 1),
            until=date(2026, 10, 31),
            opening=Decimal("100.00"),
            movements=[],
            closing=Decimal("100.01"),
            ageing={},
        )


def test_what_we_owe_is_said_to_be_the_customers() -> None:
    paper = statement(head(), ("payment", "150.00"))

    totals = said(paper.totals)

    assert totals["Balance"] == "应付贵方 due to you"
    assert totals["Closing balance"] == "CNY 50.00"
    assert paper.total == "-50.00"
    assert paper.in_words == "人民币伍拾元整"


def test_a_long_statement_repeats_its_heads_and_counts_its_pages(layer: Path) -> None:
    paper = statement(
        head("JPY", buyer=BUYER.model_copy(update={"name": "東京" * 60 + "W" * 80})),
        *(("invoice", "1200000") for _ in range(400)),
        opening="0",
        ageing={},
    )

    pages = rendered(paper, layer)

    assert len(pages) > 8
    assert all("余额 Balance" in page for page in pages if "INV-" in page)
    assert all(f"第 {at} 页 共 {len(pages)} 页" in page for at, page in enumerate(pages, start=1))
    assert sum(page.count("INV-") for page in pages) == 400
    # A letter that was cut somewhere is copied with the cut wherever it stands.
    assert all(paper.number in page.replace("\u200b", "") for page in pages)
    assert "JPY 480,000,000" in " ".join(pages[-2:])
    assert "人民币" not in " ".join(pages)


def test_the_largest_figures_of_a_statement_fit(layer: Path) -> None:
    paper = statement(head(), ("invoice", "9999999999999.99"), ("payment", "9999999999999.99"), opening="0")

    (text,) = rendered(paper, layer)

    assert "INV-2026-0000019,999,999,999,999.999,999,999,999,999.99" in text.replace(" ", "").replace(
        "\u200b", ""
    )
    assert "9,999,999,999,999.99 0.00" in text
    assert "余额归属 Balance 两清 settled" in text


def test_a_receipt_says_what_was_paid_and_for_which_invoices(layer: Path) -> None:
    paper = receipt(
        head(), Applied("INV-2026-000123", Decimal("674.61")), Applied("INV-2026-000125", Decimal("300.00"))
    )

    (text,) = rendered(paper, layer)

    for words in (
        "收据 Receipt",
        "收款编号 Payment no. PAY-20261124-7K3F9QHX",
        "收款日期 Received on 2026-11-01",
        "付款方式 Method 银行转账 Bank transfer",
        "付款凭证号 Reference 20261124887",
        "INV-2026-000123 674.61",
        "已核销 Applied to invoices 974.61",
        "未核销 Not applied yet 35.39",
        "收款金额 Amount received CNY 1,010.00",
        "人民币壹仟零壹拾元整",
        "收款单位（盖章） For the payee",
    ):
        assert words in text
    assert paper.payment_id == "pay_01"


def test_a_receipt_over_nothing_yet_has_no_empty_table(layer: Path) -> None:
    paper = receipt(head("GBP"), received="99.50", method="barter", reference=None)

    (text,) = rendered(paper, layer)

    assert "付款方式 Method barter" in text
    assert "Not applied yet 99.50" in text
    assert "GBP 99.50" in text
    assert "发票号码" not in text
    assert "大写" not in text


def test_a_receipt_says_what_it_settles_in_another_currency() -> None:
    paper = receipt(
        head("GBP"),
        Applied("INV-1", Decimal("90.00"), Decimal("820.00"), "CNY"),
        Applied("INV-2", Decimal("9.50")),
        received="99.50",
    )

    assert paper.table.rows == (("INV-1", "90.00", "CNY 820.00"), ("INV-2", "9.50", "GBP 9.50"))


@pytest.mark.parametrize(
    ("level", "title", "words"),
    [
        (1, "催款函（第一次） Payment reminder", "perhaps by an oversight"),
        (2, "催款函（第二次） Second reminder", "In spite of our reminder"),
        (3, "催款函（最后一次） Final demand", "reserve all our rights"),
    ],
)
def test_each_dunning_level_has_its_own_words(layer: Path, level: int, title: str, words: str) -> None:
    paper = dunning(head(), level, *late(2))

    (text,) = rendered(paper, layer)

    for one in (
        title,
        words,
        f"催款级别 Level {level} / 3",
        "付款期限 Pay by 2026-11-16",
        "INV-2026-000001 2026-09-01 2026-10-01 32 674.61",
        "逾期合计 Total overdue CNY 1,349.22",
        "人民币壹仟叁佰肆拾玖元贰角贰分",
        "开户银行 Bank 中国工商银行上海浦东分行",
        "银行账号 Account no. 1001 2233 4455 6677 889",
        "联行号 / SWIFT Bank code ICBKCNBJSHI",
    ):
        assert one in text


def test_there_is_no_fourth_level_and_no_bank_where_none_is_set() -> None:
    paper = dunning(head(), 1, *late(1), bank=None)

    assert paper.payment == ()
    with pytest.raises(KeyError):
        dunning(head(), 4, *late(1))


def test_the_same_content_is_the_same_paper_on_another_day() -> None:
    first = statement(head(), *OCTOBER)
    later = head(issued_on=date(2026, 12, 3), recorded_at=datetime(2026, 12, 3, tzinfo=UTC))

    again = statement(later, *OCTOBER)
    other = [
        statement(head(), *OCTOBER[:2]),
        statement(head("EUR"), *OCTOBER),
        statement(head(customer_id="cus_02"), *OCTOBER),
        statement(head(buyer=BUYER.model_copy(update={"name": "Südlicht GmbH"})), *OCTOBER),
    ]

    assert again.id == first.id
    assert (first.number[:11], again.number[:11]) == ("ST-2026-11-", "ST-2026-12-")
    assert first.number[11:] == first.id[-10:].upper()
    assert len({first.id, *(one.id for one in other)}) == 5


def test_papers_of_two_payments_differ_even_if_they_say_the_same() -> None:
    first, second = receipt(head()), receipt(head(), payment_id="pay_02")

    assert first.id != second.id


def test_a_paper_comes_back_from_storage_as_it_was_and_makes_the_same_bytes(layer: Path) -> None:
    paper = dunning(head(), 2, *late(3))
    held = paper.model_dump(mode="json", exclude_defaults=True)

    back = Paper.model_validate(items.decode(items.encode(held)))  # type: ignore[arg-type]

    assert back == paper
    assert pdf.render_paper(back, layer) == pdf.render_paper(paper, layer)


def test_papers_are_tagged_for_archives_and_carry_their_code(layer: Path) -> None:
    paper = receipt(head(), Applied("INV-1", Decimal("1.00")))

    content = pdf.render_paper(paper, layer)

    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    metadata = PdfReader(io.BytesIO(content)).metadata
    assert metadata is not None
    assert metadata.title == f"收据 Receipt {paper.number}"
    assert str(metadata["/CreationDate"]) == "D:20261102013000Z"
    assert sheet.of_paper(paper).code_text.splitlines() == [
        paper.number,
        "CNY 1010.00",
        "2026-11-02",
        paper.id,
    ]


def test_text_on_papers_is_never_markup_and_what_cannot_be_shown_is_said(layer: Path) -> None:
    name = "#panic() $x$ *b* @r ไท"
    paper = dunning(head(buyer=BUYER.model_copy(update={"name": name})), 1, *late(1))

    (text,) = rendered(paper, layer)

    assert "#panic() $x$ *b* @r □□" in text
    assert "our records have them" in text
