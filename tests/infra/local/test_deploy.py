"""Deployment converges on the template, and what the engine drops is applied again."""

from pathlib import Path

import pytest

from infra.local.assembly import Asset
from infra.local.deploy import DeploymentFailed, deploy, mailbox
from infra.local.restore import locked_buckets
from tests.infra.local import sample
from tests.infra.local.conftest import Deployed, deployed


def quiet(_line: str) -> None:
    """Say nothing."""


def test_a_changed_template_converges_and_keeps_what_is_stored(tmp_path: Path) -> None:
    with deployed(tmp_path) as running:
        dynamodb = running.account.client("dynamodb")
        dynamodb.put_item(TableName="soms-sample-things", Item={"pk": {"S": "kept"}})
        before = running.invoke()
        said: list[str] = []
        changed = sample.write(tmp_path / "changed", version=2, more_tables=("others",), today="2026-03-04")

        deploy(running.account, changed, said.append)

        after = running.invoke()
        assert (before["version"], after["version"]) == (1, 2)
        assert after["environment"]["TODAY"] == "2026-03-04"
        assert "soms-sample-others" in dynamodb.list_tables()["TableNames"]
        assert "Item" in dynamodb.get_item(TableName="soms-sample-things", Key={"pk": {"S": "kept"}})
        assert said[:2] == [f"{sample.DATA}: updated", f"{sample.APP}: updated"]


def test_the_same_template_changes_nothing(system: Deployed, tmp_path: Path) -> None:
    said: list[str] = []

    outputs = deploy(system.account, sample.write(tmp_path), said.append)

    assert said[:2] == [f"{sample.DATA}: unchanged", f"{sample.APP}: unchanged"]
    assert outputs == system.outputs


@pytest.mark.parametrize("first", [False, True], ids=["update", "first time"])
@pytest.mark.parametrize(("flaw", "named"), [("topic", "AWS::Nothing::AtAll"), ("follows", "Nothing")])
def test_a_bad_template_is_explained_and_the_next_good_one_deploys(
    system: Deployed, tmp_path: Path, flaw: str, named: str, *, first: bool
) -> None:
    if first:
        system.account.client("cloudformation").delete_stack(StackName=sample.APP)
    bad = sample.write(tmp_path / "bad", **{flaw: named})

    with pytest.raises(DeploymentFailed) as refused:
        deploy(system.account, bad, quiet)
    system.outputs |= deploy(system.account, sample.write(tmp_path / "good"), quiet)

    assert named in str(refused.value)
    assert system.invoke()["version"] == 1


def test_tables_get_back_what_the_engine_dropped(system: Deployed) -> None:
    dynamodb, name = system.account.client("dynamodb"), "soms-sample-things"

    table = dynamodb.describe_table(TableName=name)["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]

    recovery = backups["PointInTimeRecoveryDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert table["SSEDescription"]["KMSMasterKeyArn"].startswith(
        "arn:aws:kms:ap-southeast-1:000000000000:key/"
    )
    assert table["DeletionProtectionEnabled"]


def test_buckets_get_back_what_the_engine_dropped(system: Deployed) -> None:
    s3, name = system.account.client("s3"), system.outputs["FilesBucket"]

    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]

    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert {rule["ID"] for rule in lifecycle} == {"old", "parts"}
    assert locked_buckets(system.account) == {name: {"Mode": "GOVERNANCE", "Days": 1}}


def test_the_stage_is_throttled_as_the_template_says(system: Deployed) -> None:
    gateway = system.account.client("apigateway")

    stage = gateway.get_stage(restApiId=system.outputs["ApiId"], stageName=system.outputs["ApiStage"])

    settings = stage["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (70.0, 30)


def test_the_engines_own_stream_readers_are_off(system: Deployed) -> None:
    mappings = system.account.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    assert [mapping["State"] for mapping in mappings] == ["Disabled"]


def test_what_is_published_to_purchasing_lies_in_the_mailbox_once(system: Deployed) -> None:
    topic = system.outputs["PurchasingTopicArn"]
    mailbox(system.account, topic)
    url = mailbox(system.account, topic)

    system.account.client("sns").publish(TopicArn=topic, Subject="low", Message="A1 is low")

    got = system.account.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2
    )
    assert [("A1 is low" in message["Body"]) for message in got["Messages"]] == [True]


def test_functions_import_the_deployed_boto3(system: Deployed) -> None:
    seen = system.invoke()

    assert "site-packages" in seen["boto3"]


def test_a_folder_packs_to_the_same_bytes_every_time(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("x = 1")
    asset = Asset(tmp_path / "code", is_folder=True, bucket="b", key="k")

    first = asset.body()
    (tmp_path / "code" / "app.py").touch()

    assert asset.body() == first
