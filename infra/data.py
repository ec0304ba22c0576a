"""The stack that is never thrown away: key, tables, buckets, user pool."""

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Environment, Stack
from constructs import Construct

from infra.buckets import Buckets
from infra.identity import Identity
from infra.keys import SomsKey
from infra.stages import Stage
from infra.tables import Tables


class DataStack(Stack):
    """Everything that holds something: retained, protected, recoverable."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        """Wire the stack."""
        super().__init__(
            scope,
            f"{stage.prefix}-data",
            description=f"SOMS {stage.name}: key, tables, buckets, user pool",
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            termination_protection=True,
        )
        self.stage = stage
        self.own_key = SomsKey(self, stage)
        self.tables = Tables(self, self.own_key)
        self.buckets = Buckets(self, stage, self.own_key)
        self.identity = Identity(self, stage)
        self._tell()

    def _tell(self) -> None:
        for table in self.tables:
            CfnOutput(self, f"{table.node.id}Table", value=table.table_name)
        buckets = {
            "DocumentsBucket": self.buckets.documents,
            "FailuresBucket": self.buckets.failures,
            "AccessLogsBucket": self.buckets.access_logs,
            "UploadsBucket": self.buckets.uploads,
        }
        for name, bucket in buckets.items():
            CfnOutput(self, name, value=bucket.bucket_name)
        CfnOutput(self, "UserPoolId", value=self.identity.pool.user_pool_id)
        CfnOutput(self, "UserClientId", value=self.identity.people.user_pool_client_id)
        CfnOutput(self, "MachineClientId", value=self.identity.machines.user_pool_client_id)
        CfnOutput(self, "KeyArn", value=self.own_key.key_arn)
