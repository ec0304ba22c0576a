"""The buckets: documents that cannot be changed, uploads, what failed, and who looked at them."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CfnBucket,
    LifecycleRule,
    ObjectLockRetention,
    ObjectOwnership,
    StorageClass,
    Transition,
)
from constructs import Construct

from infra.stages import Stage

INVOICES = "invoices/*"
JOURNALS = "journals/*"
PAPERS = "papers/*"
TAX_INVOICES = "tax-invoices/*"
QUARANTINE = "quarantine"
UPLOADED = "imports/*/upload"
ROWS = "imports/*/lines-*"
ROW_ERRORS = "imports/*/errors.csv"


class Buckets(Construct):
    """All buckets of a stage; each refuses plain HTTP and the public, and is kept."""

    def __init__(self, scope: Construct, stage: Stage, key: IKey) -> None:
        """Make the buckets."""
        super().__init__(scope, "Buckets")
        self._key = key
        self.access_logs = self._access_logs()
        self.documents = self._documents(stage)
        self.failures = self._failures()
        self.uploads = self._uploads()

    def _access_logs(self) -> Bucket:
        # S3 delivers its access logs only to buckets that use S3's own key.
        return Bucket(
            self,
            "AccessLogs",
            encryption=BucketEncryption.S3_MANAGED,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[LifecycleRule(id="a-year", expiration=Duration.days(365))],
        )

    def _documents(self, stage: Stage) -> Bucket:
        """Ten years is what tax law asks; elsewhere a day is enough to show that the lock holds."""
        lock = (
            ObjectLockRetention.compliance(Duration.days(3653))
            if stage.production
            else ObjectLockRetention.governance(Duration.days(1))
        )
        return Bucket(
            self,
            "Documents",
            encryption=BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=lock,
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="documents/",
            lifecycle_rules=[_seldom_read()],
        )

    def _failures(self) -> Bucket:
        return Bucket(
            self,
            "Failures",
            encryption=BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="failures/",
            lifecycle_rules=[LifecycleRule(id="a-quarter", expiration=Duration.days(90))],
        )

    def _uploads(self) -> Bucket:
        """Keep them for a month: time enough to correct a file and to ask what was in it."""
        bucket = Bucket(
            self,
            "Uploads",
            encryption=BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="uploads/",
            lifecycle_rules=[LifecycleRule(id="a-month", expiration=Duration.days(30))],
        )
        # The CDK's own switch would deploy a function that sets what the template itself can say.
        cfn = cast("CfnBucket", bucket.node.default_child)
        cfn.notification_configuration = CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        return bucket


def _seldom_read() -> LifecycleRule:
    later = Transition(storage_class=StorageClass.INFREQUENT_ACCESS, transition_after=Duration.days(180))
    return LifecycleRule(id="seldom-read", transitions=[later])
