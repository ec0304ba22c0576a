"""Papers of orders and shipments: made on demand, kept once, rendered, and shown to those who may see them."""

import hashlib
import importlib
import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from pypdf import PdfReader
from soms.billing import store
from soms.kit import aws, settings
from soms.kit.settings import Setting

from tests.unit.billing import press
from tests.world import Answer, World, module

CONFIRM = {"kind": "order_confirmation"}
NOTE = {"kind": "delivery_note"}
COMPANY = {"name": "上海远航贸易有限公司", "tax_id": "91310115MA1K3YJ12X", "bank_account": "1001 2233"}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return press.layer(tmp_path_factory.mktemp("layer"))


@pytest.fixture
def press_room(world: World, layer: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose rendering function finds its layer."""
    monkeypatch.syspath_prepend(str(layer / "python"))
    importlib.reload(importlib.import_module("functions.rendering.app"))
    return world


def placed(world: World, units: int = 3, **customer: object) -> str:
    sku = world.product(price="100.00", name="无线蓝牙耳机 Headset")
    world.stock(sku, 10)
    answer = world.order(world.customer(**customer), (sku, units))
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def shipped(world: World, order: str, units: int = 2) -> str:
    body = {"lines": [{"line": 1, "quantity": units}], "carrier": "顺丰", "tracking": "SF1234567890"}
    answer = world.call("POST", f"/v1/orders/{order}/shipments", body, as_="warehouse")
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def confirmed(world: World, order: str, **more: Any) -> Answer:
    return world.call("POST", f"/v1/orders/{order}/documents", CONFIRM, **more)


def noted(world: World, shipment: str, **more: Any) -> Answer:
    return world.call("POST", f"/v1/shipments/{shipment}/documents", NOTE, **more)


def rendered(world: World) -> None:
    """Hand the documents written so far to the rendering function, all of them, as often as it is called."""
    records = [
        one
        for one in world.records("DOCUMENTS_TABLE")
        if one["dynamodb"].get("NewImage", {}).get("part", {}).get("S") in {"document", "paper"}
    ]
    assert world.deliver("rendering", records) == {"batchItemFailures": []}


def kept(name: str, bucket: Setting = Setting.DOCUMENTS_BUCKET) -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=settings.get(bucket)).get("Contents", [])
    return [one["Key"] for one in found if name in one["Key"]]


def stored(key: str, bucket: Setting = Setting.DOCUMENTS_BUCKET) -> bytes:
    return boto3.client("s3").get_object(Bucket=settings.get(bucket), Key=key)["Body"].read()


def text(content: bytes) -> str:
    return " ".join(" ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(content)).pages)


def failing(world: World) -> dict[str, list[str]]:
    report = module("reconcile").handler({"action": "reconcile", "patience": False}, None)
    return {one["check"]: one["examples"] for one in report["checks"] if one["failures"]}


def test_an_order_is_confirmed_on_paper_with_its_prices_taxes_and_terms(world: World) -> None:
    world.call("PUT", "/v1/settings", COMPANY)
    order = placed(world, payment_terms={"kind": "net", "days": 45})

    answer = confirmed(world, order, as_="sales_manager")

    paper = answer.body
    number = world.call("GET", f"/v1/orders/{order}").body["number"]
    facts = {one["label"]["en"]: one["value"] for one in paper["facts"]}
    totals = {one["label"]["en"]: one["value"] for one in paper["totals"]}
    assert (answer.status, answer.headers["ETag"]) == (201, '"1.0"')
    assert (paper["kind"], paper["order_id"], paper["seller"]["name"]) == (
        "order_confirmation",
        order,
        COMPANY["name"],
    )
    assert paper["number"].startswith("OC-20")
    assert (facts["Order no."], facts["Payment terms"]) == (number, "开票后 45 天内付清 net 45 days")
    assert paper["table"]["rows"][0][1:] == ["无线蓝牙耳机 Headset", "3", "pcs", "100.00", "13%", "300.00"]
    assert totals == {"Net amount": "300.00", "Tax": "39.00", "Total": "CNY 339.00"}
    assert paper["in_words"] == "人民币叁佰叁拾玖元整"
    assert paper["documents"] == {"pdf": None}
    world.drain()
    assert world.broken() == []


def test_the_same_order_asked_again_is_the_same_paper_and_a_changed_one_another(world: World) -> None:
    order = placed(world)
    first = confirmed(world, order, key="once")

    repeated = confirmed(world, order, key="once")
    again = confirmed(world, order, key="twice", as_="auditor")
    world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 1}]})
    changed = confirmed(world, order, key="thrice")
    late = confirmed(world, order, key="twice", as_="auditor")

    assert [one.status for one in (first, repeated, again, changed, late)] == [201] * 5
    assert first.body == repeated.body == again.body == late.body
    assert repeated.headers["Idempotency-Replayed"] == late.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in again.headers
    assert changed.body["id"] != first.body["id"]
    assert changed.body["total"] == "226.00"
    world.drain()
    assert world.broken() == []


def test_only_an_order_in_force_is_confirmed(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer = world.customer()
    draft = world.order(customer, (sku, 1), body={"status": "draft"}).body["id"]
    dead = world.order(customer, (sku, 1)).body["id"]
    world.call("POST", f"/v1/orders/{dead}/cancel", {})

    answers = [confirmed(world, one) for one in (draft, dead)]
    other = world.call("POST", f"/v1/orders/{dead}/documents", NOTE)

    assert [(one.status, one.code) for one in answers] == [(409, "invalid_state")] * 2
    assert (other.status, other.body["errors"][0]["pointer"]) == (422, "/kind")


def test_a_delivery_note_tells_what_left_and_no_prices_and_stays_the_same(world: World) -> None:
    order = placed(world)
    shipment = shipped(world, order)

    first = noted(world, shipment, as_="warehouse")
    shipped(world, order, 1)
    world.call("POST", f"/v1/shipments/{shipment}/events", {"status": "delivered"})
    again = noted(world, shipment, as_="sales_manager")

    facts = {one["label"]["en"]: one["value"] for one in first.body["facts"]}
    assert first.status == again.status == 201
    assert first.body == again.body
    assert (first.body["shipment_id"], first.body["order_id"]) == (shipment, order)
    assert (facts["Carrier"], facts["Tracking no."], facts["Shipment"]) == ("顺丰", "SF1234567890", "1")
    assert first.body["table"]["rows"] == [["1", "无线蓝牙耳机 Headset", "2", "pcs"]]
    assert first.body["table"]["notes"] == ["A-1"]
    assert "in_words" not in first.body
    assert not any(figure in first.text for figure in ("100.00", "300.00", "339.00", "226.00", "13%"))
    world.drain()
    assert world.broken() == []


def test_the_warehouse_sees_delivery_notes_and_sales_people_what_is_theirs(world: World) -> None:
    order = placed(world, salesperson="ada")
    shipment = shipped(world, order)
    confirmation, note = confirmed(world, order).body["id"], noted(world, shipment).body["id"]

    def seen(as_: str, name: str) -> dict[str, list[int]]:
        paths = {"confirmation": f"/v1/papers/{confirmation}", "note": f"/v1/papers/{note}"}
        return {
            word: [world.call("GET", path + end, as_=as_, name=name).status for end in ("", "/document")]
            for word, path in paths.items()
        }

    assert seen("warehouse", "wu") == {"confirmation": [404, 404], "note": [200, 409]}
    assert seen("sales", "ada") == {"confirmation": [200, 409], "note": [200, 409]}
    assert seen("sales", "bob") == {"confirmation": [404, 404], "note": [404, 404]}
    assert seen("finance", "fay") == {"confirmation": [200, 409], "note": [200, 409]}
    assert seen("purchasing", "pia") == {"confirmation": [403, 403], "note": [403, 403]}
    assert confirmed(world, order, as_="warehouse").status == 403
    assert confirmed(world, order, as_="sales", name="bob").status == 404
    assert noted(world, shipment, as_="sales", name="bob").status == 404
    assert noted(world, "shp_nothing_1").status == 404
    assert world.call("GET", "/v1/papers/pap_nothing").status == 404


def test_an_invoice_keeps_where_to_pay_to_as_it_was_when_it_was_issued(press_room: World) -> None:
    world = press_room
    world.call("PUT", "/v1/settings", COMPANY | {"bank_name": "中国银行", "bank_code": "BKCHCNBJ"})
    order = placed(world)
    world.drain()
    moved = world.call("PUT", "/v1/settings", COMPANY | {"bank_account": "9999"})
    rendered(world)

    (invoice,) = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    seen = world.call("GET", f"/v1/invoices/{invoice['id']}").body

    (key,) = kept(f"{invoice['number']}.pdf")
    assert moved.status == 200
    assert seen["bank"] == {"name": "中国银行", "account": "1001 2233", "code": "BKCHCNBJ"}
    assert "银行账号 Account no. 1001 2233" in text(stored(key))
    assert failing(world) == {}


def test_papers_are_rendered_once_and_handed_out_by_a_link(press_room: World) -> None:
    world = press_room
    order = placed(world)
    shipment = shipped(world, order)
    made = {one["kind"]: one for one in (confirmed(world, order).body, noted(world, shipment).body)}
    pending = world.call("GET", f"/v1/papers/{made['delivery_note']['id']}/document")

    world.drain()
    rendered(world)
    rendered(world)

    assert (pending.status, pending.code, pending.headers["Retry-After"]) == (409, "document_pending", "2")
    for kind, paper in made.items():
        link = world.call("GET", f"/v1/papers/{paper['id']}/document", as_="auditor")
        (key,) = kept(paper["number"])
        content = stored(key)
        month = paper["issued_on"][:7].replace("-", "/")
        assert key == f"papers/{kind}/{month}/{paper['number']}.pdf"
        assert (link.status, link.body["bytes"]) == (200, len(content))
        assert link.body["sha256"] == hashlib.sha256(content).hexdigest()
        assert key in link.body["url"]
        pdf = world.call("GET", f"/v1/papers/{paper['id']}").body["documents"]["pdf"]
        assert pdf["sha256"] == link.body["sha256"]
        assert paper["number"] in text(content)
        assert ("100.00" in text(content)) == (kind == "order_confirmation")
    versions = boto3.client("s3").list_object_versions(Bucket=settings.get(Setting.DOCUMENTS_BUCKET))[
        "Versions"
    ]
    assert len(versions) == 4
    assert failing(world) == {}


def test_the_same_paper_is_the_same_bytes_whenever_it_is_rendered(press_room: World) -> None:
    world = press_room
    paper = confirmed(world, placed(world)).body
    rendered(world)
    (key,) = kept(paper["number"])
    before = stored(key)

    _forget(paper["id"])
    rendered(world)

    assert stored(key) == before
    file = store.paper(paper["id"])[1]
    assert file is not None
    assert file.sha256 == hashlib.sha256(before).hexdigest()


def test_a_paper_without_its_file_is_found(press_room: World) -> None:
    world = press_room
    paper = confirmed(world, placed(world)).body
    world.drain()
    rendered(world)
    whole = failing(world)

    _forget(paper["id"])

    assert whole == {}
    assert failing(world) == {"10": [f"{paper['number']}: no pdf"]}


def test_a_paper_that_makes_no_sense_goes_to_quarantine(press_room: World) -> None:
    record = {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": "1",
            "NewImage": {"id": {"S": "pap_1"}, "part": {"S": "paper"}, "number": {"S": "OC-SECRET"}},
        },
    }

    answer = press_room.deliver("rendering", [record])

    (key,) = kept("", Setting.FAILURES_BUCKET)
    assert answer == {"batchItemFailures": []}
    assert b'"reason": "not a document: title' in stored(key, Setting.FAILURES_BUCKET)


def _forget(paper_id: str) -> None:
    """Lose the record of a paper's file."""
    aws.dynamodb().delete_item(
        TableName=settings.get(Setting.DOCUMENTS), Key={"id": {"S": paper_id}, "part": {"S": "pdf"}}
    )


def test_a_receipt_names_what_a_payment_settled_and_is_the_same_paper_until_that_changes(
    world: World,
) -> None:
    order = placed(world)
    world.drain()
    (invoice,) = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    body = {"amount": "400.00", "currency": "CNY", "method": "cheque", "reference": "C-1"}
    payment = world.call("POST", "/v1/payments", body | {"invoice_id": invoice["id"]}, as_="finance").body
    path = f"/v1/payments/{payment['id']}"

    first = world.call("POST", f"{path}/documents", {"kind": "receipt"}, as_="finance")
    again = world.call("POST", f"{path}/documents", {"kind": "receipt"}, as_="finance")
    world.call("POST", f"{path}/allocations", {"reverse": "all"}, as_="finance")
    later = world.call("POST", f"{path}/documents", {"kind": "receipt"}, as_="finance")

    assert first.status == 201, first.text
    assert again.body["id"] == first.body["id"] != later.body["id"]
    assert first.body["table"]["rows"] == [[invoice["number"], "339.00"]]
    assert (first.body["total"], first.body["payment_id"]) == ("400.00", payment["id"])
    assert later.body["table"]["rows"] == []
    world.drain()
    assert world.broken() == []
