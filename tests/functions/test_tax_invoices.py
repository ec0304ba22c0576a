"""Tax invoices by their door: asked for, refused, issued, taken back, read, and by whom."""

import io
import json
import os
import zipfile
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from soms.billing.fapiao import simulated_books, simulator, store
from soms.kit import journal
from soms.kit.settings import Setting

from tests.functions.fapiao_stage import BUYER, CODE, PATH, SELLER, Stage
from tests.functions.test_refusals import refused
from tests.world import World

COMMANDS = {
    "submit": {},
    "refresh": {},
    "red-confirmation": {},
    "red-confirmation/confirm": {"confirmation_number": "26000000000000000001"},
    "red-confirmation/withdraw": {},
}


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.set(world)


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer.body["errors"]]


def content_of(key: str) -> bytes:
    bucket = os.environ[Setting.DOCUMENTS_BUCKET]
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_tax_invoice_is_asked_for_submitted_and_issued_once(stage: Stage) -> None:
    invoice = stage.invoice(3)

    asked = stage.ask(invoice_id=invoice)
    name = asked.body["id"]
    submitted = stage.do(name, "submit")
    issued = stage.do(name, "refresh")

    assert (asked.status, asked.body["state"], asked.body["allowed"]) == (201, "requested", ["submit"])
    assert (asked.body["type"], asked.body["title"], asked.body["tax_id"]) == ("special", "北京某公司", BUYER)
    assert [asked.body[one] for one in ("net", "tax", "total")] == ["300.00", "39.00", "339.00"]
    assert (submitted.body["state"], submitted.body["attempts"]) == ("submitted", 1)
    assert (issued.body["state"], len(issued.body["number"]), issued.body["allowed"]) == ("issued", 20, [])
    assert len(stage.on_platform(invoice)) == 1
    stage.world.drain()
    assert stage.world.broken() == []


def test_its_files_are_kept_once_and_say_that_they_are_simulated(stage: Stage) -> None:
    name = stage.issued(stage.invoice())
    fapiao = stage.get(name)

    texts = {form: content_of(file["key"]) for form, file in fapiao["files"].items()}
    linked = stage.world.call("GET", f"{PATH}/{name}/document?format=xml", as_="sales_manager").body

    number = fapiao["number"]
    assert fapiao["files"]["pdf"]["key"].startswith("tax-invoices/20")
    assert fapiao["files"]["pdf"]["key"].endswith(f"/{number}.pdf")
    assert "SIMULATED 模拟".encode() in texts["xml"]
    assert "SIMULATED 模拟".encode("utf-16-be").hex().encode() in texts["pdf"]
    inside = zipfile.ZipFile(io.BytesIO(texts["ofd"]))
    assert "SIMULATED 模拟" in inside.read("OFD.xml").decode()
    assert number.encode() in inside.read("Doc_0/Attachs/invoice.xml")
    assert (linked["bytes"], linked["sha256"]) == (len(texts["xml"]), fapiao["files"]["xml"]["sha256"])
    assert number in linked["url"]


def test_a_file_kept_first_is_the_file_whatever_is_downloaded_later(stage: Stage) -> None:
    name = stage.issued(stage.invoice())
    kept = stage.get(name)["files"]
    bucket, key = os.environ[Setting.DOCUMENTS_BUCKET], kept["pdf"]["key"]
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"as it was first")
    stage.become(name, "issued", files={})

    again = stage.do(name, "refresh")

    assert again.body["files"]["pdf"]["bytes"] == len(b"as it was first")
    assert again.body["files"]["xml"] == kept["xml"]
    assert content_of(key) == b"as it was first"


def test_one_without_files_yet_has_no_document(stage: Stage) -> None:
    name = stage.requested(stage.invoice())

    answer = stage.world.call("GET", f"{PATH}/{name}/document", as_="finance")

    refused(answer, 409, "tax_file_pending")


def test_an_invoice_has_one_blue_one(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)

    again = stage.ask(invoice_id=invoice, title="另一个")

    refused(again, 409, "tax_invoice_exists")
    assert again.body["meta"] == {"id": name}


def test_a_buyer_without_a_tax_id_gets_a_general_one(stage: Stage) -> None:
    invoice = stage.invoice(tax_id=None)

    special = stage.ask(invoice_id=invoice, type="special")
    general = stage.ask(invoice_id=invoice)

    refused(special, 422, "required")
    assert special.body["errors"][0]["pointer"] == "/tax_id"
    assert (general.status, general.body["type"], general.body["tax_id"]) == (201, "general", None)


def test_title_and_tax_id_may_be_said_and_a_wrong_one_is_refused(stage: Stage) -> None:
    invoice = stage.invoice()

    wrong = stage.ask(invoice_id=invoice, tax_id="91110000MA00000010")
    said = stage.ask(invoice_id=invoice, title="上海分公司", tax_id=BUYER, type="general")

    refused(wrong, 422, "tax_id_invalid")
    assert [said.body[one] for one in ("title", "tax_id", "type")] == ["上海分公司", BUYER, "general"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "one_of"),
        ({"invoice_id": "inv_1", "credit_note_id": "cn_1"}, "one_of"),
        ({"credit_note_id": "cn_1", "title": "某公司"}, "as_the_blue_one"),
        ({"invoice_id": "inv_1"}, "unknown_document"),
        ({"credit_note_id": "cn_1"}, "unknown_document"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(stage: Stage, body: dict[str, str], code: str) -> None:
    refused(stage.ask(**body), 422, code)


def test_an_invoice_is_no_credit_note(stage: Stage) -> None:
    invoice = stage.invoice()

    refused(stage.ask(credit_note_id=invoice), 422, "unknown_document")


def test_a_product_without_a_tax_code_is_named(stage: Stage) -> None:
    stage.world.product("BARE-1")
    stage.world.stock("BARE-1", 5)
    _, invoice = stage.sold(1, "BARE-1")

    answer = stage.ask(invoice_id=invoice)

    refused(answer, 422, "tax_code_missing")
    assert answer.body["errors"][0]["meta"] == {"sku": "BARE-1"}
    stage.world.product("BARE-1", tax_code=CODE)
    assert stage.ask(invoice_id=invoice).status == 201


@pytest.mark.parametrize("code", ["123", "10905220100000000000", "109052201000000000x"])
def test_a_tax_code_has_19_digits(stage: Stage, code: str) -> None:
    body = {"name": "x", "unit_price": "1.00", "currency": "CNY", "tax_rate": "0.13", "tax_code": code}

    assert stage.world.call("PUT", "/v1/products/X-1", body).status == 422


def test_a_seller_without_a_tax_id_and_other_currencies_have_no_tax_invoice(world: World) -> None:
    world.product("TEA-1", tax_code=CODE, currency="EUR", tax_rate="0.19")
    world.stock("TEA-1", 10)
    stage = Stage(world)
    _, invoice = stage.sold(1, currency="EUR")

    answer = stage.ask(invoice_id=invoice)

    assert (answer.status, codes(answer)) == (
        422,
        ["currency_not_cny", "seller_without_tax_id", "tax_rate_unknown"],
    )


def test_what_was_billed_before_the_company_said_its_tax_id_can_be_issued(world: World) -> None:
    world.product("TEA-1", tax_code=CODE)
    world.stock("TEA-1", 10)
    stage = Stage(world)
    invoice = stage.invoice()

    before = stage.ask(invoice_id=invoice)
    Stage.set(world)
    after = stage.ask(invoice_id=invoice)

    refused(before, 422, "seller_without_tax_id")
    assert after.status == 201
    assert store.content(after.body["id"]).seller_tax_id == SELLER


def test_shipping_takes_its_tax_code_from_the_product_of_that_name(stage: Stage) -> None:
    world = stage.world
    body = {"shipping": {"amount": "20.00", "tax_rate": "0.09"}}
    order = world.order(world.customer(country="CN", tax_id=BUYER), ("TEA-1", 1), body=body).body["id"]
    world.drain()
    invoice = world.call("GET", f"/v1/invoices?order_id={order}").body["data"][0]["id"]

    before = stage.ask(invoice_id=invoice)
    world.product("SHIPPING", price="0", tax_rate="0.09", stocked=False, tax_code="3010102020100000000")
    after = stage.ask(invoice_id=invoice)

    refused(before, 422, "tax_code_missing")
    assert before.body["errors"][0]["meta"] == {"sku": "SHIPPING"}
    assert [one.tax_code for one in store.content(after.body["id"]).lines] == [CODE, "3010102020100000000"]


def test_what_the_platform_refuses_is_corrected_and_sent_again_under_the_same_serial(stage: Stage) -> None:
    invoice = stage.invoice(name=f"某公司 {simulator.REJECTED}")
    name = stage.requested(invoice)

    rejected = stage.do(name, "submit").body
    submitted = stage.do(name, "submit", {"title": "某公司", "type": "general"}).body
    issued = stage.do(name, "refresh").body

    assert (rejected["state"], rejected["trouble"]["code"]) == ("rejected", "buyer_tax_id")
    assert rejected["allowed"] == ["submit", "refresh"]
    assert (submitted["state"], submitted["trouble"], submitted["attempts"]) == ("submitted", None, 2)
    assert (issued["state"], issued["title"], issued["type"]) == ("issued", "某公司", "general")
    assert issued["serial"] == rejected["serial"]


def test_more_than_the_authorised_credit_is_refused_until_there_is_more(stage: Stage) -> None:
    simulated_books.allow(Decimal(350))
    first, second = (stage.requested(stage.invoice(2)) for _ in range(2))

    told = [stage.do(name, "submit").body for name in (first, second)]
    simulated_books.allow(Decimal(400))
    again = stage.do(second, "submit").body

    assert [one["state"] for one in told] == ["submitted", "rejected"]
    assert told[1]["trouble"]["code"] == "credit_exceeded"
    assert again["state"] == "submitted"


def test_what_may_have_arrived_cannot_be_corrected_any_more(stage: Stage) -> None:
    simulated_books.plan("issue", "lost")
    name = stage.requested(stage.invoice())
    stage.do(name, "submit")

    answer = stage.do(name, "submit", {"title": "另一个"})

    refused(answer, 409, "invalid_state")
    assert answer.body["meta"] == {"state": "unknown", "allowed": ["refresh"]}


def test_a_correction_that_no_platform_takes_is_refused_before_it_is_sent(stage: Stage) -> None:
    name = stage.requested(stage.invoice(tax_id=None))

    special = stage.do(name, "submit", {"type": "special"})
    wrong = stage.do(name, "submit", {"tax_id": "91110000MA00000010"})

    refused(special, 422, "required")
    refused(wrong, 422, "tax_id_invalid")
    assert stage.get(name)["attempts"] == 0


def test_a_red_one_takes_back_what_a_credit_note_credits(stage: Stage) -> None:
    name = stage.red(1)

    states = [stage.do(name, command).body["state"] for command in ("red-confirmation", "refresh", "refresh")]
    states += [stage.do(name, command).body["state"] for command in ("submit", "refresh")]
    red = stage.get(name)
    blue = stage.get(red["blue_id"])

    assert states == [
        *("confirmation_applied", "confirmation_applied", "confirmation_confirmed"),
        *("submitted", "issued"),
    ]
    assert (red["kind"], red["total"], red["blue_number"]) == ("red", "113.00", blue["number"])
    assert blue["red_ids"] == [name]
    (paper,) = [one for one in stage.papers() if one["paper"]["kind"] == "red"]
    assert (paper["paper"]["total"], paper["paper"]["lines"][0]["quantity"]) == ("-113.00", -1)
    stage.world.drain()
    assert stage.world.broken() == []


def test_of_a_general_one_the_red_one_needs_no_buyer(stage: Stage) -> None:
    name = stage.red(1, type="general")

    applied = stage.do(name, "red-confirmation", {"reason": "error"}).body

    assert (applied["state"], applied["red_reason"]) == ("confirmation_confirmed", "error")


def test_a_red_one_needs_an_issued_blue_one(stage: Stage) -> None:
    order, invoice = stage.sold(3)
    note = stage.credited(order, 1)

    none = stage.ask(credit_note_id=note)
    stage.requested(invoice)
    early = stage.ask(credit_note_id=note)

    refused(none, 409, "blue_not_issued")
    refused(early, 409, "blue_not_issued")


def test_red_ones_never_come_to_more_than_the_blue_one(stage: Stage) -> None:
    order, invoice = stage.sold(3)
    blue = stage.issued(invoice)
    note = stage.credited(order, 1)
    stage.become(blue, "issued", reds={"fap_other": Decimal("226.01")})

    answer = stage.ask(credit_note_id=note)

    refused(answer, 409, "red_exceeds_blue")
    assert answer.body["meta"] == {"total": "339.00", "taken": "226.01"}


def test_a_red_one_is_as_its_blue_one(stage: Stage) -> None:
    name = stage.red(1, type="general", title="上海分公司")
    stage.do(name, "red-confirmation")

    answer = stage.do(name, "submit", {"title": "另一个"})

    refused(answer, 422, "as_the_blue_one")
    assert (stage.get(name)["title"], stage.get(name)["type"]) == ("上海分公司", "general")


def test_lists_serve_a_state_or_an_invoice_newest_first(stage: Stage) -> None:
    order, invoice = stage.sold(3)
    blue = stage.issued(invoice)
    red = stage.ask(credit_note_id=stage.credited(order, 1)).body["id"]
    later = stage.requested(stage.invoice())

    def ids(query: str) -> list[str]:
        return [one["id"] for one in stage.world.call("GET", f"{PATH}?{query}", as_="auditor").body["data"]]

    assert ids(f"invoice_id={invoice}") == [blue, red]
    assert ids("state=issued") == [blue]
    assert ids("state=requested") == [later, red]
    assert ids("") == [later, red, blue]
    assert ids("invoice_id=inv_none") == []
    assert stage.world.call("GET", f"{PATH}?state=issued&invoice_id={invoice}").code == "filter_unsupported"


def test_lists_go_on_from_page_to_page(stage: Stage) -> None:
    names = [stage.requested(stage.invoice(1)) for _ in range(3)]
    found, cursor = [], ""
    for _ in range(4):
        page = stage.world.call("GET", f"{PATH}?limit=1{cursor}", as_="finance").body
        found += [one["id"] for one in page["data"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert found == names[::-1]


def test_lists_of_invoices_know_nothing_of_tax_invoices(stage: Stage) -> None:
    invoice = stage.invoice()
    stage.issued(invoice)
    buyer = stage.world.call("GET", f"/v1/invoices/{invoice}").body["customer"]["id"]

    for query in (f"customer_id={buyer}", "status=open", "due_before=2099-01-01"):
        listed = stage.world.call("GET", f"/v1/invoices?{query}").body["data"]
        assert [one["id"] for one in listed] == [invoice]


def test_sales_see_their_own_and_may_change_none(stage: Stage) -> None:
    world = stage.world
    body = {"name": "某公司", "currency": "CNY", "salesperson": "ada"}
    customer = world.call("POST", "/v1/customers", body).body["id"]
    order = world.order(customer, ("TEA-1", 1)).body["id"]
    world.drain()
    invoice = world.call("GET", f"/v1/invoices?order_id={order}").body["data"][0]["id"]
    name = stage.requested(invoice)

    own = world.call("GET", f"{PATH}/{name}", as_="sales", name="ada")
    other = world.call("GET", f"{PATH}/{name}", as_="sales", name="bob")
    lists = [world.call("GET", PATH, as_="sales", name=who).body["data"] for who in ("ada", "bob")]

    assert (own.status, other.status, [len(one) for one in lists]) == (200, 404, [1, 0])
    assert world.call("POST", f"{PATH}/{name}/submit", {}, as_="sales", name="ada").status == 403


def test_a_command_repeated_with_its_key_is_told_again_and_calls_nobody(stage: Stage) -> None:
    invoice = stage.invoice()
    asked = [stage.world.call("POST", PATH, {"invoice_id": invoice}, key="a", as_="finance") for _ in "12"]
    name = asked[0].body["id"]
    told = [stage.do(name, command, key=command) for command in ("submit", "submit", "refresh", "refresh")]

    assert [one.status for one in (*asked, *told)] == [201, 201, 200, 200, 200, 200]
    assert [one.headers.get("Idempotency-Replayed") for one in (*asked, *told)] == [None, "true"] * 3
    assert told[3].body["state"] == "issued"
    assert stage.get(name)["attempts"] == 1
    other = stage.world.call("POST", PATH, {"credit_note_id": invoice}, key="a", as_="finance")
    refused(other, 422, "idempotency_key_reused")


def test_a_command_on_a_version_that_is_over_is_refused(stage: Stage) -> None:
    name = stage.requested(stage.invoice())

    stale = stage.do(name, "submit", headers={"If-Match": '"7.0"'})
    fresh = stage.do(name, "submit", headers={"If-Match": '"1.0"'})

    refused(stale, 412, "version_mismatch")
    assert fresh.status == 200


def test_without_a_platform_nothing_is_asked_of_it_and_what_there_is_can_be_read(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)

    with patch.dict(os.environ, {Setting.TAX_PLATFORM: "none"}):
        asked = [stage.ask(invoice_id=invoice)]
        asked += [stage.do(name, command, body) for command, body in COMMANDS.items()]
        read = stage.world.call("GET", f"{PATH}/{name}", as_="finance")
        swept = stage.sweep()

    for answer in asked:
        refused(answer, 409, "tax_platform_missing")
    assert (read.status, read.body["state"]) == (200, "requested")
    assert swept == {"asked": 0, "failed": 0}


def test_the_journal_tells_each_step_and_no_buyer(stage: Stage) -> None:
    invoice = stage.invoice(name=f"秘密公司 {simulator.REJECTED}")
    name = stage.requested(invoice)
    stage.do(name, "submit")
    stage.do(name, "submit", {"title": "秘密公司"})
    stage.do(name, "refresh")

    entries = list(journal.of_aggregate(f"tax_invoice#{name}"))

    assert [one["event"] for one in reversed(entries)] == [
        *("tax_invoice.requested", "tax_invoice.submit", "tax_invoice.rejected"),
        *("tax_invoice.submit", "tax_invoice.refresh", "tax_invoice.issued"),
    ]
    assert entries[2]["changes"]["buyer"] == []
    assert "秘密" not in json.dumps(entries, ensure_ascii=False, default=str)


def test_what_is_sent_is_what_was_asked_for_whatever_the_catalogue_says_later(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)
    before = store.content(name)

    stage.world.product("TEA-1", price="900.00", tax_code="1" * 19)
    stage.do(name, "submit")
    stage.do(name, "refresh")

    (paper,) = stage.on_platform(invoice)
    assert [one["tax_code"] for one in paper["paper"]["lines"]] == [one.tax_code for one in before.lines]
