"""The PDF of documents: what it says, that nothing in it is markup, and that it never changes."""

import hashlib
import io
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader
from soms.billing.model import Bank, Document, Party
from soms.billing.paper import glyphs, pdf, sheet, ubl

from tests.unit.billing import press
from tests.unit.billing.issued import BUYER, Sold, allowance, credit_note, invoice

AGAIN = """
import hashlib, sys
from pathlib import Path
from soms.billing.paper import pdf, ubl
from soms.billing.model import Document
document = Document.model_validate_json(sys.stdin.read())
print(hashlib.sha256(pdf.render(document, ubl.render(document), Path(sys.argv[1]))).hexdigest())
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return press.layer(tmp_path_factory.mktemp("layer"))


def rendered(document: Document, layer: Path) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(document, ubl.render(document), layer)))


def text(document: Document, layer: Path) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in rendered(document, layer).pages)


def test_an_invoice_says_everything_in_chinese_and_english(layer: Path) -> None:
    document = invoice(
        Sold(price="1280.5", quantity=12), Sold(price="380", rate="0.06", sku="FREIGHT", unit="次")
    )

    said = text(document, layer)

    for words in (
        "商业发票 Commercial invoice",
        "卖方 Seller 上海远航贸易有限公司 Voyage Trading (Shanghai) Co., Ltd.",
        "税号 Tax ID 91310115MA1K3YJ12X",
        "买方 Bill to Nordlicht Handels GmbH",
        "发票号码 Invoice no. INV-2026-000123",
        "开票日期 Issue date 2026-11-23",
        "到期日期 Due date 2026-12-23",
        "订单号 Order no. SO-20261123-7K3F9QHX",
        "币种 Currency CNY",
        "HEADSET-01 12 pcs 1,280.50 13% 15,366.00",
        "FREIGHT 1 次 380.00 6% 380.00",
        "13% 15,366.00 1,997.58",
        "不含税金额 Net amount 15,746.00",
        "CNY 17,766.38",
        "RF18 5390 0754 7034",
        "商业发票，非税务发票 · Commercial invoice, not a tax invoice",
        "第 1 页 共 1 页 · Page 1 of 1",
    ):
        assert words in said


def test_a_credit_note_names_its_invoice_and_asks_for_no_payment(layer: Path) -> None:
    document = credit_note()

    said = text(document, layer)

    assert "贷项通知单 Credit note" in said
    assert "对应发票 For invoice INV-2026-000123" in said
    assert "两件到货时已损坏 · Two pieces arrived damaged" in said
    assert "贷项通知单，非税务发票 · Credit note, not a tax invoice" in said
    assert "Pay by" not in said


def test_rmb_are_also_written_in_capitals_and_other_currencies_are_not(layer: Path) -> None:
    bill = text(invoice(Sold(price="100.05", rate="0", category="Z")), layer)
    credit = text(credit_note(Sold(price="1010", rate="0", category="Z")), layer)
    pounds = text(invoice(Sold(price="100.05", rate="0", category="Z"), currency="GBP"), layer)

    assert "金额大写 In words 人民币壹佰元零伍分" in bill
    assert "人民币壹仟零壹拾元整" in credit
    assert "大写" not in pounds


def test_an_invoice_says_where_to_pay_to_as_far_as_that_is_known(layer: Path) -> None:
    bank = Bank(name="中国银行 Bank of China", account="4563 5107 0001 2345 678")

    known = text(invoice(bank=bank), layer)
    unknown = text(invoice(), layer)

    assert "付款期限 Pay by 2026-12-23 收款户名 Account holder 上海远航贸易有限公司" in known
    assert "开户银行 Bank 中国银行 Bank of China 银行账号 Account no. 4563 5107 0001 2345 678" in known
    assert "SWIFT" not in known
    assert "收款户名" not in unknown


def test_an_allowance_on_a_price_has_no_quantity(layer: Path) -> None:
    said = text(allowance(Sold(price="2.50", quantity=4)), layer)

    assert "价格折让 Price allowance HEADSET-01 – 10.00 13% 10.00" in said


def test_yen_have_no_decimals_and_prices_with_tax_say_so(layer: Path) -> None:
    document = invoice(Sold(price="12800", quantity=4, rate="0.10"), currency="JPY", includes_tax=True)

    said = text(document, layer)

    assert "Price incl. tax" in said
    assert "4 pcs 12,800 10% 51,200" in said
    assert "JPY 51,200" in said


def test_a_discount_is_shown_on_its_line_and_in_the_sums(layer: Path) -> None:
    document = invoice(Sold(price="100.00", quantity=2, discount="20.00"), Sold(price="50.00"))

    said = text(document, layer)

    assert "2 pcs 100.00 20.00 13% 180.00" in said
    assert "小计 Subtotal 250.00 折扣 Discount −20.00 不含税金额 Net amount 230.00" in said


def test_text_is_never_markup(layer: Path) -> None:
    name = '#panic("no") $x^2$ *bold* _it_ `code` <script>alert(1)</script> @ref [a] \\n // "q" = head'
    document = invoice(
        Sold(price="1.00", name=name), buyer=BUYER.model_copy(update={"name": "#{1 + 1} = $2$"})
    )

    said = text(document, layer)

    assert name in said
    assert "#{1 + 1} = $2$" in said


def test_characters_without_a_glyph_become_boxes_and_the_page_says_so(layer: Path) -> None:
    document = invoice(Sold(price="1.00", name="龘 煎茶 😀👩‍👧 Łódź ไท\x00\ue000\n\u202eabc"))

    said = text(document, layer)

    assert "龘 煎茶 😀" in said
    assert "Łódź □□□ abc" in said
    assert "the XML file has them" in said


def test_every_character_of_the_fonts_can_be_set(layer: Path) -> None:
    known = glyphs.covered(sorted((layer / "fonts").glob("*.ttf")))
    characters = [chr(point) for point in sorted(known)]
    names = [" ".join(characters[at : at + 300]) for at in range(0, len(characters), 300)]

    made = rendered(invoice(*(Sold(price="1.00", name=name) for name in names)), layer)

    assert len(known) > 30_000
    assert len(made.pages) > 10


def test_the_common_characters_of_chinese_are_all_there(layer: Path) -> None:
    known = glyphs.covered(sorted((layer / "fonts").glob("*.ttf")))

    rows = [bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    hanzi = {character for row in rows for character in row.decode("gb2312", errors="ignore")}

    assert len(hanzi) == 6763
    assert all(ord(character) in known for character in hanzi)


def test_words_wider_than_their_column_are_cut_and_others_stay_whole(layer: Path) -> None:
    document = invoice(Sold(price="1.00", name="W" * 200, sku="K" * 80), order_number="SO-" + "7" * 60)

    said = text(document, layer).replace(" ", "")

    assert "W" * 200 not in said
    assert "W" * 200 in said.replace("\u200b", "")
    assert "SO-" + "7" * 60 in said.replace("\u200b", "")
    assert "ap@nordlicht.example" in said


def test_the_largest_amounts_fit(layer: Path) -> None:
    document = invoice(Sold(price="9999999999999.99", rate="0", category="Z"))

    said = text(document, layer)

    assert "CNY 9,999,999,999,999.99" in said


def test_five_hundred_lines_repeat_the_header_on_every_page(layer: Path) -> None:
    document = invoice(*(Sold(price="1.00", sku=f"SKU-{at:04}") for at in range(1, 501)))

    pages = [" ".join(page.extract_text().split()) for page in rendered(document, layer).pages]

    assert all("商品 Description" in page for page in pages if "SKU-" in page)
    assert all(f"第 {at} 页 共 {len(pages)} 页" in page for at, page in enumerate(pages, start=1))
    assert sum(page.count("SKU-") for page in pages) == 500
    assert "INV-2026-000123" in pages[-1]


def test_bare_parties_and_a_bare_line_can_be_set(layer: Path) -> None:
    document = invoice(
        Sold(price="0", sku="", unit=""),
        seller=Party(name="A", country=""),
        buyer=Party(name="B", country="CN"),
    )

    said = text(document, layer)

    assert "买方 Bill to B CN" in said


def test_it_is_a_tagged_pdf_for_archives_with_title_and_date(layer: Path) -> None:
    content = pdf.render(invoice(), ubl.render(invoice()), layer)

    made = PdfReader(io.BytesIO(content))

    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert b"/Marked true" in content
    assert made.metadata is not None
    assert made.metadata.title == "商业发票 Commercial invoice INV-2026-000123"
    assert str(made.metadata["/CreationDate"]) == "D:20261123083000Z"


def test_the_same_document_is_the_same_bytes_in_another_process(layer: Path) -> None:
    document = invoice(Sold(price="10.10", quantity=3), order_percent="5")
    first = pdf.render(document, ubl.render(document), layer)

    later = subprocess.run(
        [sys.executable, "-c", AGAIN, str(layer)],
        input=document.model_dump_json(),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHASHSEED": "7",
            "TZ": "Asia/Tokyo",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert later.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_amounts_that_lost_their_zeros_in_storage_make_the_same_page(layer: Path) -> None:
    document = invoice(Sold(price="10.10", quantity=10))
    stored = document.model_copy(update={"net": Decimal(101), "total": document.total.normalize()})

    pages = [pdf.render(one, ubl.render(one), layer) for one in (document, stored)]

    assert pages[0] == pages[1]


def test_the_code_holds_number_total_date_reference_and_the_hash_of_the_xml() -> None:
    document = invoice()

    said = sheet.sheet(document, digest="ab" * 32)

    assert said.code_text.splitlines() == [
        "INV-2026-000123",
        "CNY 674.61",
        "2026-11-23",
        "RF18 5390 0754 7034",
        f"SHA-256 {'ab' * 32}",
    ]


def test_the_layer_is_found_beside_the_python_folder(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(layer / "python"))

    found = pdf.installed()

    assert found == layer


def test_without_the_layer_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(pdf.TemplateMissing, match=r"templates/document\.typ"):
        pdf.installed()
