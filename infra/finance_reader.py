"""The role with which finance fetches documents: it lists and reads them and can do nothing else."""

from aws_cdk import Duration, Stack
from aws_cdk.aws_iam import AccountRootPrincipal, PolicyStatement, Role
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_s3 import IBucket
from constructs import Construct

from infra.buckets import INVOICES, PAPERS
from infra.stages import Stage


class FinanceReader(Role):
    """May list and read what lies below `invoices/` and `papers/`; for people of this account."""

    def __init__(self, scope: Construct, stage: Stage, documents: IBucket, key: IKey) -> None:
        """Make the role."""
        super().__init__(
            scope,
            "FinanceReader",
            role_name=f"{stage.prefix}-finance-reader",
            description="Lists and reads invoices, credit notes and papers in S3",
            assumed_by=AccountRootPrincipal(),
            max_session_duration=Duration.hours(4),
        )
        below = {"StringLike": {"s3:prefix": [INVOICES, PAPERS]}}
        via = {"StringEquals": {"kms:ViaService": f"s3.{Stack.of(self).region}.amazonaws.com"}}
        files = [documents.arn_for_objects(path) for path in (INVOICES, PAPERS)]
        for statement in (
            PolicyStatement(actions=["s3:ListBucket"], resources=[documents.bucket_arn], conditions=below),
            PolicyStatement(actions=["s3:GetObject"], resources=files),
            PolicyStatement(actions=["kms:Decrypt"], resources=[key.key_arn], conditions=via),
        ):
            self.add_to_policy(statement)
