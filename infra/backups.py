"""Backups of tables and documents into a vault that nobody can empty before their time."""

from collections.abc import Iterable

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_backup import (
    BackupPlan,
    BackupPlanRule,
    BackupResource,
    BackupVault,
    LockConfiguration,
)
from aws_cdk.aws_dynamodb import ITable
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_iam import ManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_s3 import IBucket
from constructs import Construct

from infra.stages import Stage

POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "AWSBackupServiceRolePolicyForS3Backup",
)


class Backups(Construct):
    """A plan: every day, and in production every month for seven years."""

    def __init__(
        self, scope: Construct, stage: Stage, key: IKey, tables: Iterable[ITable], documents: IBucket
    ) -> None:
        """Make vault, plan and selection."""
        super().__init__(scope, "Backups")
        self.vault = BackupVault(
            self,
            "Vault",
            backup_vault_name=stage.prefix,
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN,
            lock_configuration=_lock(stage),
        )
        plan = BackupPlan(self, "Plan", backup_plan_name=stage.prefix, backup_vault=self.vault)
        for rule in _rules(stage, self.vault):
            plan.add_rule(rule)
        role = Role(
            self,
            "Role",
            assumed_by=ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[ManagedPolicy.from_aws_managed_policy_name(name) for name in POLICIES],
        )
        resources = [BackupResource.from_dynamo_db_table(table) for table in tables]
        resources.append(BackupResource.from_arn(documents.bucket_arn))
        plan.add_selection("Everything", resources=resources, role=role, disable_default_backup_policy=True)


def _lock(stage: Stage) -> LockConfiguration:
    """In production the lock itself cannot be lifted any more after three days, by anybody."""
    if stage.production:
        return LockConfiguration(min_retention=Duration.days(30), changeable_for=Duration.days(3))
    return LockConfiguration(min_retention=Duration.days(1))


def _rules(stage: Stage, vault: BackupVault) -> list[BackupPlanRule]:
    daily = BackupPlanRule(
        rule_name="daily",
        backup_vault=vault,
        schedule_expression=Schedule.cron(hour="19", minute="0"),
        delete_after=Duration.days(35 if stage.production else 7),
    )
    if not stage.production:
        return [daily]
    monthly = BackupPlanRule(
        rule_name="monthly",
        backup_vault=vault,
        schedule_expression=Schedule.cron(day="1", hour="20", minute="0"),
        delete_after=Duration.days(7 * 365),
    )
    return [daily, monthly]
