"""Streams and schedules: what fails is tried again, taken apart, and never lost."""

import json

from tests.infra.templates import Synthesised

WRITTEN_ORDERS = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}
NEW_DOCUMENTS = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"part": {"S": ["document", "paper"]}}}}
MONEY = ["order_billing", "open_item", "payment"]
POSTED = {
    "eventName": ["INSERT"],
    "dynamodb": {"NewImage": {"part": {"S": ["document", "voucher"]}}},
}
FOLLOWED = {
    ("Orders", "stock"): WRITTEN_ORDERS,
    ("Orders", "invoicing"): WRITTEN_ORDERS,
    ("Inventory", "ledger"): {"dynamodb": {"NewImage": {"kind": {"S": ["stock"]}}}},
    ("Inventory", "replenishment"): {"dynamodb": {"NewImage": {"kind": {"S": ["stock", "alert"]}}}},
    ("Documents", "rendering"): NEW_DOCUMENTS,
    ("Billing", "settlement"): {"dynamodb": {"NewImage": {"kind": {"S": MONEY}}}},
    ("Documents", "bookkeeping"): POSTED,
}


def test_each_stream_leads_to_its_followers_with_its_filter(dev: Synthesised) -> None:
    functions = {dev.logical_name(name): name for name in dev.functions()}
    mappings = dev.of("AWS::Lambda::EventSourceMapping").values()

    followed = {
        (_table(each["EventSourceArn"]), functions[each["FunctionName"]["Ref"]]): json.loads(
            each["FilterCriteria"]["Filters"][0]["Pattern"]
        )
        for each in mappings
    }

    assert followed == FOLLOWED


def test_no_stream_has_more_than_two_readers(dev: Synthesised) -> None:
    sources = [_table(each["EventSourceArn"]) for each in dev.of("AWS::Lambda::EventSourceMapping").values()]

    assert max(sources.count(source) for source in sources) == 2


def test_every_follower_reports_part_failures_is_halved_and_ends_in_the_failures_bucket(
    dev: Synthesised,
) -> None:
    for mapping in dev.of("AWS::Lambda::EventSourceMapping").values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["MaximumRetryAttempts"] == 10
        assert mapping["MaximumRecordAgeInSeconds"] == 6 * 3600
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert "BucketsFailures" in json.dumps(mapping["DestinationConfig"]["OnFailure"]["Destination"])


def test_the_clock_is_utc_and_what_is_not_delivered_is_kept(dev: Synthesised) -> None:
    schedules = {each["Name"]: each for each in dev.of("AWS::Scheduler::Schedule").values()}

    assert {name: each["Target"]["Input"] for name, each in schedules.items()} == {
        "soms-dev-digest": '{"action":"digest"}',
        "soms-dev-fold": '{"action":"fold"}',
        "soms-dev-letters": '{"action":"dun"}',
        "soms-dev-months": '{"action":"close"}',
        "soms-dev-quotes": '{"action":"expire"}',
        "soms-dev-proof": '{"action":"reconcile"}',
        "soms-dev-sweep": '{"action":"sweep"}',
        "soms-dev-taxinvoices": '{"action":"sweep"}',
    }
    for schedule in schedules.values():
        assert schedule["ScheduleExpressionTimezone"] == "UTC"
        assert schedule["Target"]["DeadLetterConfig"]["Arn"]


def test_runs_in_the_background_that_fail_are_kept(dev: Synthesised) -> None:
    kept = {
        each["FunctionName"]["Ref"]: json.dumps(each["DestinationConfig"]["OnFailure"]["Destination"])
        for each in dev.of("AWS::Lambda::EventInvokeConfig").values()
    }

    background = ("low_stock", "expiry", "figures", "fapiao_sweep", "month_end", "dunning")
    background += ("reconcile", "intake", "apply")
    assert set(kept) == {dev.logical_name(name) for name in background}
    assert all("BucketsFailures" in destination for destination in kept.values())


def test_an_upload_starts_the_intake_and_is_kept_when_it_cannot(dev: Synthesised) -> None:
    (rule,) = dev.of("AWS::Events::Rule").values()

    (target,) = rule["Targets"]

    pattern = rule["EventPattern"]
    assert pattern["detail"]["object"] == {"key": [{"wildcard": "imports/*/upload"}]}
    assert "BucketsUploads" in json.dumps(pattern["detail"]["bucket"])
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    assert target["Arn"]["Fn::GetAtt"][0] == dev.logical_name("intake")
    assert "Undelivered" in json.dumps(target["DeadLetterConfig"])
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 2}


def _table(stream: object) -> str:
    return json.dumps(stream).split("GetAttTables")[1].split("StreamArn")[0][:-8]
