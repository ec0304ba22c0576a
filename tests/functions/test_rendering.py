"""The rendering function by its door: stream events in, files and their records out."""

import hashlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Final
from urllib.parse import parse_qs, urlparse

import boto3
import pytest
from moto import mock_aws
from soms.billing import files
from soms.billing.model import File
from soms.kit import aws
from soms.kit.settings import Setting

from tests.unit.billing import press

EVENTS = Path(__file__).resolve().parents[2] / "events" / "rendering"
REGION: Final = "ap-southeast-1"
BUCKET, FAILURES, TABLE = "documents", "failures", "documents"
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
PDF_KEY = "invoices/INV-2026/2026/11/INV-2026-000123.pdf"
XML_KEY = "invoices/INV-2026/2026/11/INV-2026-000123.xml"


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return press.layer(tmp_path_factory.mktemp("layer"))


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        Setting.STAGE: "test",
        Setting.DOCUMENTS: TABLE,
        Setting.DOCUMENTS_BUCKET: BUCKET,
        Setting.FAILURES_BUCKET: FAILURES,
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        aws.s3.cache_clear()
        aws.dynamodb.cache_clear()
        s3 = boto3.client("s3")
        s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=True,
        )
        s3.create_bucket(Bucket=FAILURES, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "part", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "part")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield
    aws.s3.cache_clear()
    aws.dynamodb.cache_clear()


@pytest.fixture
def function(layer: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(layer / "python"))
    return importlib.reload(importlib.import_module("functions.rendering.app"))


def event(*names: str) -> dict[str, list[object]]:
    return {
        "Records": [
            record
            for name in names
            for record in json.loads((EVENTS / f"{name}.json").read_text())["Records"]
        ]
    }


def stored(key: str) -> bytes:
    return aws.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read()


def kept(form: files.Format) -> File:
    file = files.find("inv_01", form)
    assert file is not None
    return file


def keys(bucket: str) -> list[str]:
    return [found["Key"] for found in aws.s3().list_objects_v2(Bucket=bucket).get("Contents", [])]


def versions() -> int:
    return len(aws.s3().list_object_versions(Bucket=BUCKET)["Versions"])


def test_an_issued_invoice_gets_its_pdf_and_its_xml(function: ModuleType) -> None:
    answer = function.handler(event("invoice"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert keys(BUCKET) == [PDF_KEY, XML_KEY]
    assert stored(PDF_KEY).startswith(b"%PDF-1.7")
    assert b"<Invoice " in stored(XML_KEY)
    for file in (kept("pdf"), kept("xml")):
        content = stored(file.key)
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_credit_note_lies_under_its_own_series(function: ModuleType) -> None:
    answer = function.handler(event("credit_note"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert keys(BUCKET) == [f"invoices/CN-2026/2026/11/CN-2026-000007.{form}" for form in ("pdf", "xml")]


def test_a_paper_gets_its_pdf_under_its_kind_and_nothing_else(function: ModuleType) -> None:
    answer = function.handler(event("paper"), CONTEXT)

    (key,) = keys(BUCKET)
    assert answer == {"batchItemFailures": []}
    assert key.startswith("papers/receipt/2026/11/RC-2026-11-")
    assert stored(key).startswith(b"%PDF-1.7")
    assert function.handler(event("paper"), CONTEXT) == answer
    assert versions() == 1


def test_a_repeated_record_changes_nothing(function: ModuleType) -> None:
    function.handler(event("invoice"), CONTEXT)

    answer = function.handler(event("invoice", "invoice"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert versions() == 2


def test_a_crash_between_object_and_record_is_made_good(function: ModuleType) -> None:
    function.handler(event("invoice"), CONTEXT)
    for form in ("pdf", "xml"):
        aws.dynamodb().delete_item(TableName=TABLE, Key={"id": {"S": "inv_01"}, "part": {"S": form}})

    answer = function.handler(event("invoice"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert versions() == 2
    assert kept("pdf").key == PDF_KEY


def test_a_record_that_is_no_document_goes_to_quarantine_and_the_rest_goes_on(function: ModuleType) -> None:
    answer = function.handler(event("credit_note", "not_a_document", "invoice"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert len(keys(BUCKET)) == 4
    (quarantined,) = keys(FAILURES)
    reason = json.loads(aws.s3().get_object(Bucket=FAILURES, Key=quarantined)["Body"].read())["reason"]
    assert reason.startswith("not a document: series, ordinal, order_id")
    assert "INV-2026-000999" not in reason


def test_a_document_whose_figures_cannot_be_written_goes_to_quarantine(function: ModuleType) -> None:
    sick = json.loads(json.dumps(event("invoice")).replace('"CNY"', '"XXX"'))

    answer = function.handler(sick, CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert keys(BUCKET) == []
    assert len(keys(FAILURES)) == 1


def test_another_file_under_the_same_key_is_never_replaced(function: ModuleType) -> None:
    aws.s3().put_object(Bucket=BUCKET, Key=XML_KEY, Body=b"something else")

    answer = function.handler(event("invoice"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert stored(XML_KEY) == b"something else"
    assert files.find("inv_01", "xml") is None
    assert len(keys(FAILURES)) == 1


def test_without_its_bucket_the_record_is_tried_again(function: ModuleType) -> None:
    aws.s3().delete_bucket(Bucket=BUCKET)

    answer = function.handler(event("invoice"), CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "100000000000000000001"}]}
    assert keys(FAILURES) == []


def test_a_link_is_signed_with_version_4_and_lives_five_minutes_at_most(function: ModuleType) -> None:
    function.handler(event("invoice"), CONTEXT)
    file = kept("pdf")

    link = urlparse(files.presigned(file, seconds=120))

    asked = parse_qs(link.query)
    assert link.path.endswith(PDF_KEY)
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-Expires"] == ["120"]
    assert asked["response-content-type"] == ["application/pdf"]
    assert asked["response-content-disposition"] == ['attachment; filename="INV-2026-000123.pdf"']
    for seconds in (0, 301):
        with pytest.raises(ValueError, match="1 to 300"):
            files.presigned(file, seconds=seconds)


def test_objects_carry_their_type_and_document(function: ModuleType) -> None:
    function.handler(event("invoice"), CONTEXT)

    held = aws.s3().head_object(Bucket=BUCKET, Key=XML_KEY)

    assert held["ContentType"] == "application/xml"
    assert held["Metadata"] == {"document": "inv_01", "sha256": hashlib.sha256(stored(XML_KEY)).hexdigest()}
