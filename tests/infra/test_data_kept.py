"""What holds something is encrypted, recoverable, protected and kept."""

from collections import Counter

from tests.infra.templates import Synthesised

HOLDING = {
    "AWS::DynamoDB::Table": 10,
    "AWS::S3::Bucket": 4,
    "AWS::KMS::Key": 1,
    "AWS::Cognito::UserPool": 1,
    "AWS::Backup::BackupVault": 1,
}
SUMMARY = 22


def test_what_holds_something_is_kept_when_its_stack_goes(dev: Synthesised) -> None:
    holding = [each for _, each in dev.resources() if each["Type"] in HOLDING]

    assert Counter(each["Type"] for each in holding) == HOLDING
    assert {each["DeletionPolicy"] for each in holding} == {"Retain"}
    assert {each["UpdateReplacePolicy"] for each in holding} == {"Retain"}


def test_tables_cost_nothing_idle_and_are_recoverable_protected_and_under_our_own_key(
    dev: Synthesised,
) -> None:
    tables = dev.of("AWS::DynamoDB::Table")

    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert table["DeletionProtectionEnabled"] is True
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert "Fn::GetAtt" in table["SSESpecification"]["KMSMasterKeyId"]


def test_streams_carry_what_their_followers_compare(dev: Synthesised) -> None:
    tables = dev.of("AWS::DynamoDB::Table").items()

    streams = {
        name.removeprefix("Tables")[:-8]: table["StreamSpecification"]["StreamViewType"]
        for name, table in tables
        if "StreamSpecification" in table
    }

    assert streams == {
        "Orders": "NEW_AND_OLD_IMAGES",
        "Inventory": "NEW_AND_OLD_IMAGES",
        "Billing": "NEW_AND_OLD_IMAGES",
        "Documents": "NEW_IMAGE",
        "Journal": "NEW_IMAGE",
    }


def test_lists_of_orders_carry_a_summary_and_not_the_lines(dev: Synthesised) -> None:
    orders = next(table for name, table in dev.of("AWS::DynamoDB::Table").items() if "Orders" in name)

    lists = {each["IndexName"]: each["Projection"] for each in orders["GlobalSecondaryIndexes"]}

    assert set(lists) == {"by_customer", "by_status", "by_salesperson", "by_day"}
    for name, projection in lists.items():
        assert projection["ProjectionType"] == "INCLUDE"
        assert "lines" not in projection["NonKeyAttributes"]
        assert len(projection["NonKeyAttributes"]) == SUMMARY - (name == "by_salesperson")
    assert sum(len(each["NonKeyAttributes"]) for each in lists.values()) <= 100


def test_buckets_are_encrypted_private_and_closed_to_plain_http(dev: Synthesised) -> None:
    buckets, policies = dev.of("AWS::S3::Bucket"), dev.of("AWS::S3::BucketPolicy").values()

    for name, bucket in buckets.items():
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0][
            "ServerSideEncryptionByDefault"
        ]
        assert rule["SSEAlgorithm"] == ("AES256" if "AccessLogs" in name else "aws:kms")
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        policy = next(each for each in policies if each["Bucket"] == {"Ref": name})
        conditions = [
            each.get("Condition")
            for each in policy["PolicyDocument"]["Statement"]
            if each["Effect"] == "Deny"
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions


def test_documents_are_locked_for_a_day_and_in_production_for_ten_years(
    dev: Synthesised, prod: Synthesised
) -> None:
    lock = {
        stage.stage: next(
            each for each in stage.of("AWS::S3::Bucket").values() if each.get("ObjectLockEnabled")
        )
        for stage in (dev, prod)
    }

    assert {name: bucket["VersioningConfiguration"]["Status"] for name, bucket in lock.items()} == {
        "dev": "Enabled",
        "prod": "Enabled",
    }
    assert lock["dev"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Days": 1,
        "Mode": "GOVERNANCE",
    }
    kept = lock["prod"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert kept == {"Days": 3653, "Mode": "COMPLIANCE"}


def test_uploads_are_told_to_the_event_bus_and_gone_after_a_month(dev: Synthesised) -> None:
    uploads = next(each for name, each in dev.of("AWS::S3::Bucket").items() if "Uploads" in name)

    told = uploads["NotificationConfiguration"]
    (rule,) = uploads["LifecycleConfiguration"]["Rules"]

    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert (rule["ExpirationInDays"], rule["Status"]) == (30, "Enabled")
    assert "Prefix" not in rule


def test_topics_queues_and_logs_are_encrypted_and_logs_end(dev: Synthesised) -> None:
    for topic in dev.of("AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"]
    for queue in dev.of("AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
    for group in dev.of("AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"]
        assert group["RetentionInDays"] <= 365


def test_the_key_turns_every_year(dev: Synthesised) -> None:
    (key,) = dev.of("AWS::KMS::Key").values()

    assert key["EnableKeyRotation"] is True


def test_users_need_a_second_factor_and_none_signs_up_alone(dev: Synthesised) -> None:
    (pool,) = dev.of("AWS::Cognito::UserPool").values()

    assert pool["MfaConfiguration"] == "ON"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["DeletionProtection"] == "ACTIVE"


def test_people_have_no_secret_and_machines_no_password(dev: Synthesised) -> None:
    clients = dev.of("AWS::Cognito::UserPoolClient")
    people = next(each for name, each in clients.items() if "People" in name)
    machines = next(each for name, each in clients.items() if "Machines" in name)

    assert people["GenerateSecret"] is False
    assert people["WriteAttributes"] == ["locale"]
    assert not people.get("AllowedOAuthFlows")
    assert machines["GenerateSecret"] is True
    assert machines["AllowedOAuthFlows"] == ["client_credentials"]
    assert not [
        scope for scope in machines["AllowedOAuthScopes"] if "admin" in str(scope) or "manager" in str(scope)
    ]
