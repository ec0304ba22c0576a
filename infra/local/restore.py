"""Applies again what the engine drops from the template at deployment, or forgets when it restarts."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.local.engine import ACCOUNT, REGION

if TYPE_CHECKING:
    from infra.local.deploy import Account

Properties = Mapping[str, Any]
DAYS_A_YEAR = 365


@dataclass(frozen=True)
class Deployed:
    """A stack's template beside the names its resources got."""

    account: "Account"
    physical: Mapping[str, str]
    resources: Mapping[str, Mapping[str, Any]]

    def of(self, *types: str) -> Iterator[tuple[str, Properties]]:
        """Yield the physical name and properties of each resource of these types."""
        for logical, resource in self.resources.items():
            if resource["Type"] in types and logical in self.physical:
                yield self.physical[logical], resource.get("Properties", {})

    def value(self, expression: object) -> str | None:
        """Return what a literal, Ref, imported value or key's Arn stands for; None for anything else."""
        if isinstance(expression, str):
            return expression
        if not isinstance(expression, Mapping):
            return None
        if "Ref" in expression:
            return self.physical.get(str(expression["Ref"]))
        if "Fn::ImportValue" in expression:
            return _exports(self.account).get(str(expression["Fn::ImportValue"]))
        logical, attribute = expression.get("Fn::GetAtt", ("", ""))
        known = self.physical.get(logical)
        is_key = self.resources.get(logical, {}).get("Type") == "AWS::KMS::Key"
        return (
            f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{known}" if known and is_key and attribute == "Arn" else None
        )


def _exports(account: "Account") -> dict[str, str]:
    pages = account.client("cloudformation").get_paginator("list_exports").paginate()
    return {export["Name"]: export["Value"] for page in pages for export in page["Exports"]}


def restore(account: "Account", stack_name: str, template: Mapping[str, Any]) -> str:
    """Put a deployed stack's tables, buckets and stages right; return what was applied, and to how many."""
    pages = (
        account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_name)
    )
    physical = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource.get("PhysicalResourceId")
    }
    deployed = Deployed(account, physical, template["Resources"])
    done: Counter[str] = Counter()
    for name, properties in deployed.of("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        done.update(_table(deployed, name, properties))
    for name, properties in deployed.of("AWS::S3::Bucket"):
        done.update(_bucket(deployed, name, properties))
    for name, properties in deployed.of("AWS::ApiGateway::Stage"):
        done.update(_stage(deployed, name, properties))
    return ", ".join(f"{what} ({count})" for what, count in done.items())


def _table(deployed: Deployed, name: str, properties: Properties) -> list[str]:
    dynamodb = deployed.account.client("dynamodb")
    replica: Properties = next(iter(properties.get("Replicas", [])), {})
    settings = {**replica, **properties}
    done = []
    if ttl := settings.get("TimeToLiveSpecification"):
        held = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if held["TimeToLiveStatus"] != "ENABLED":
            wanted = {"Enabled": ttl["Enabled"], "AttributeName": ttl["AttributeName"]}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
            done.append("time to live")
    if (settings.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled"):
        wanted = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)
        done.append("point-in-time recovery")
    changes: dict[str, object] = {}
    if (encryption := properties.get("SSESpecification") or {}).get("SSEEnabled"):
        key = deployed.value({**encryption, **(replica.get("SSESpecification") or {})}.get("KMSMasterKeyId"))
        changes["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"} | (
            {"KMSMasterKeyId": key} if key else {}
        )
        done.append("table encryption")
    if settings.get("DeletionProtectionEnabled"):
        changes["DeletionProtectionEnabled"] = True
        done.append("deletion protection")
    if changes:
        dynamodb.update_table(TableName=name, **changes)
    return done


def _bucket(deployed: Deployed, name: str, properties: Properties) -> list[str]:
    s3, done = deployed.account.client("s3"), []
    if encryption := properties.get("BucketEncryption"):
        rules = [_encryption_rule(deployed, rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        done.append("bucket encryption")
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        done.append("bucket lifecycle")
    if properties.get("ObjectLockEnabled"):
        lock = {"ObjectLockEnabled": "Enabled"} | (properties.get("ObjectLockConfiguration") or {})
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
        done.append("object lock")
    return done


def _encryption_rule(deployed: Deployed, rule: Properties) -> dict[str, object]:
    default = rule["ServerSideEncryptionByDefault"]
    key = deployed.value(default.get("KMSMasterKeyID"))
    wanted = {"SSEAlgorithm": default["SSEAlgorithm"]} | ({"KMSMasterKeyID": key} if key else {})
    return {
        "ApplyServerSideEncryptionByDefault": wanted,
        "BucketKeyEnabled": bool(rule.get("BucketKeyEnabled")),
    }


def _lifecycle_rule(rule: Properties) -> dict[str, object]:
    """Translate CloudFormation's form of a lifecycle rule into the API's."""
    forms: dict[str, Callable[[Any], tuple[str, object]]] = {
        "Id": lambda value: ("ID", value),
        "Status": lambda value: ("Status", value),
        "ExpirationInDays": lambda value: ("Expiration", {"Days": value}),
        "NoncurrentVersionExpiration": lambda value: ("NoncurrentVersionExpiration", value),
        "NoncurrentVersionExpirationInDays": lambda v: ("NoncurrentVersionExpiration", {"NoncurrentDays": v}),
        "AbortIncompleteMultipartUpload": lambda value: ("AbortIncompleteMultipartUpload", value),
        "Transitions": lambda v: (
            "Transitions",
            [{"StorageClass": step["StorageClass"], "Days": step["TransitionInDays"]} for step in v],
        ),
    }
    translated = dict(forms[name](value) for name, value in rule.items() if name in forms)
    return {"Filter": {"Prefix": rule.get("Prefix", "")}} | translated


def _stage(deployed: Deployed, name: str, properties: Properties) -> list[str]:
    patches = []
    for setting in properties.get("MethodSettings", []):
        path = str(setting.get("ResourcePath", "/*")).replace("/*", "*").replace("/", "~1")
        where = f"/{path}/{setting.get('HttpMethod', '*')}/throttling"
        for field, end in (("ThrottlingRateLimit", "rateLimit"), ("ThrottlingBurstLimit", "burstLimit")):
            if field in setting:
                patches.append({"op": "replace", "path": f"{where}/{end}", "value": str(setting[field])})
    api = deployed.value(properties["RestApiId"])
    if patches and api:
        gateway = deployed.account.client("apigateway")
        gateway.update_stage(restApiId=api, stageName=name, patchOperations=patches)
    return ["stage throttling"] if patches else []


def retain_objects(account: "Account", buckets: Mapping[str, Properties]) -> int:
    """Put back objects' retention after a restart, counted from when they were written; return how many."""
    s3, count, now = account.client("s3"), 0, datetime.now(UTC)
    for bucket, default in buckets.items():
        period = timedelta(days=default.get("Days", 0) + DAYS_A_YEAR * default.get("Years", 0))
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                until = version["LastModified"] + period
                if until > now:
                    s3.put_object_retention(
                        Bucket=bucket,
                        Key=version["Key"],
                        VersionId=version["VersionId"],
                        Retention={"Mode": default["Mode"], "RetainUntilDate": until},
                    )
                    count += 1
    return count


def locked_buckets(account: "Account") -> dict[str, Properties]:
    """Return the buckets that lock new objects by default, with that default."""
    s3, found = account.client("s3"), {}
    for bucket in s3.list_buckets()["Buckets"]:
        try:
            lock = s3.get_object_lock_configuration(Bucket=bucket["Name"])["ObjectLockConfiguration"]
        except s3.exceptions.ClientError:
            continue
        if default := lock.get("Rule", {}).get("DefaultRetention"):
            found[bucket["Name"]] = default
    return found
