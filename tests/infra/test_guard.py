"""What watches: firewall, backups, alarms; and what nothing may cost."""

import json
import re
from pathlib import Path

from tests.infra.templates import FUNCTIONS, Synthesised

FREE_WHEN_IDLE = {
    "AWS::ApiGateway::": {
        "Account",
        "Authorizer",
        "Deployment",
        "GatewayResponse",
        "Method",
        "Resource",
        "RestApi",
        "Stage",
    },
    "AWS::Backup::": {"BackupPlan", "BackupSelection", "BackupVault"},
    "AWS::Cognito::": {
        "UserPool",
        "UserPoolClient",
        "UserPoolDomain",
        "UserPoolGroup",
        "UserPoolResourceServer",
    },
    "AWS::DynamoDB::": {"Table"},
    "AWS::Events::": {"Rule"},
    "AWS::IAM::": {"Policy", "Role"},
    "AWS::Lambda::": {"EventInvokeConfig", "EventSourceMapping", "Function", "LayerVersion", "Permission"},
    "AWS::Logs::": {"LogGroup"},
    "AWS::S3::": {"Bucket", "BucketPolicy"},
    "AWS::SNS::": {"Topic", "TopicPolicy"},
    "AWS::SQS::": {"Queue", "QueuePolicy"},
    "AWS::Scheduler::": {"Schedule"},
}
A_FEW_DOLLARS_A_MONTH = {
    "AWS::CloudWatch::": {"Alarm", "Dashboard"},
    "AWS::KMS::": {"Alias", "Key"},
    "AWS::WAFv2::": {"LoggingConfiguration", "WebACL", "WebACLAssociation"},
}


def test_nothing_is_deployed_that_runs_by_the_hour(dev: Synthesised) -> None:
    known = {
        prefix + name
        for each in (FREE_WHEN_IDLE, A_FEW_DOLLARS_A_MONTH)
        for prefix in each
        for name in each[prefix]
    }

    deployed = {resource["Type"] for _, resource in dev.resources()}

    assert deployed == known
    for function in dev.functions().values():
        assert "VpcConfig" not in function


def test_the_firewall_stands_before_the_deployed_stage(dev: Synthesised) -> None:
    (acl,) = dev.of("AWS::WAFv2::WebACL").values()
    (association,) = dev.of("AWS::WAFv2::WebACLAssociation").values()

    assert [rule["Name"] for rule in acl["Rules"]] == [
        "PerAddress",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    ]
    assert "/stages/" in json.dumps(association["ResourceArn"])


def test_a_large_order_is_no_attack(dev: Synthesised) -> None:
    (acl,) = dev.of("AWS::WAFv2::WebACL").values()

    common = acl["Rules"][-1]["Statement"]["ManagedRuleGroupStatement"]

    assert common["RuleActionOverrides"] == [{"ActionToUse": {"Count": {}}, "Name": "SizeRestrictions_BODY"}]


def test_every_table_and_the_documents_are_backed_up_into_a_locked_vault(
    dev: Synthesised, prod: Synthesised
) -> None:
    (selection,) = dev.of("AWS::Backup::BackupSelection").values()
    (vault,) = prod.of("AWS::Backup::BackupVault").values()

    assert len(selection["BackupSelection"]["Resources"]) == len(dev.of("AWS::DynamoDB::Table")) + 1
    assert vault["LockConfiguration"] == {"ChangeableForDays": 3, "MinRetentionDays": 30}


def test_every_alarm_is_told_to_somebody_who_may_hear_it(dev: Synthesised) -> None:
    alarms = dev.of("AWS::CloudWatch::Alarm").values()
    policies = dev.of("AWS::SNS::TopicPolicy").values()

    topics = {json.dumps(alarm["AlarmActions"]) for alarm in alarms}
    heard = [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    assert len(topics) == 1
    assert [statement["Principal"] for statement in heard] == [{"Service": "cloudwatch.amazonaws.com"}]


def test_errors_lateness_and_what_is_put_aside_raise_alarms(dev: Synthesised) -> None:
    alarms = dev.of("AWS::CloudWatch::Alarm").values()

    watched = [name for alarm in alarms for name in _metrics(alarm)]

    assert watched.count("Errors") == len(FUNCTIONS)
    assert watched.count("Throttles") == len(FUNCTIONS)
    assert watched.count("Faults") == len(FUNCTIONS)
    assert watched.count("IteratorAge") == len(dev.of("AWS::Lambda::EventSourceMapping"))
    assert watched.count("Quarantined") == len(dev.of("AWS::Lambda::EventSourceMapping"))
    for metric in ("5XXError", "NumberOfObjects", "ApproximateNumberOfMessagesVisible", "BooksBroken"):
        assert watched.count(metric) == 1
    for metric in ("TransactionConflict", "WriteThrottleEvents"):
        assert watched.count(metric) == len(dev.of("AWS::DynamoDB::Table"))


def test_no_alarm_adds_up_more_than_ten_metrics(dev: Synthesised) -> None:
    for alarm in dev.of("AWS::CloudWatch::Alarm").values():
        assert len(_metrics(alarm)) <= 10


def test_every_metric_of_ours_that_is_watched_is_written_by_some_code(dev: Synthesised) -> None:
    sources = [*Path("layers/soms").rglob("*.py"), *Path("functions").rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources)
    text = json.dumps(dev.template("guard"))

    ours = set(re.findall(r'"MetricName": "(\w+)", "Namespace": "SOMS"', text))

    assert ours == {"Faults", "Quarantined", "BooksBroken"}
    assert all(f'"{name}"' in code for name in ours)


def _metrics(alarm: object) -> list[str]:
    return re.findall(r'"MetricName": "(\w+)"', json.dumps(alarm))
