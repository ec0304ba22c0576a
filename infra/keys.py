"""The stage's own encryption key, and which AWS services may use it on whose behalf."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import Key
from constructs import Construct

from infra.stages import Stage

LOGS_ACTIONS = (
    *("kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"),
)


class SomsKey(Key):
    """One key for tables, buckets, topics and logs: it costs a dollar a month and rotates every year."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        """Make the key, kept when the stack goes."""
        super().__init__(
            scope,
            "Key",
            alias=stage.prefix,
            description=f"SOMS {stage.name}: tables, buckets, topics, logs",
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
        )
        here = Stack.of(self)
        groups = f"arn:{here.partition}:logs:{here.region}:{here.account}:log-group:*"
        self.add_to_resource_policy(
            PolicyStatement(
                sid="LogGroupsOfThisAccount",
                principals=[ServicePrincipal(f"logs.{here.region}.amazonaws.com")],
                actions=list(LOGS_ACTIONS),
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
        self.add_to_resource_policy(
            PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": here.account}},
            )
        )
