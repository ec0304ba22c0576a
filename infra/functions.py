"""A function of ours: its code, its own role, its log, and the rights it is given one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_iam import Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_lambda import Architecture, Code, Function, ILayerVersion, Runtime
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_s3 import IBucket
from aws_cdk.aws_sns import ITopic
from constructs import Construct
from soms.kit.settings import Setting

from infra.buckets import QUARANTINE
from infra.layers import PROJECT
from infra.packages import NOT_SHIPPED
from infra.stages import Stage
from infra.tables import SomsTable

Limits = dict[str, dict[str, list[str]]]
WRITES = frozenset({"PutItem", "UpdateItem"})


class FunctionMissing(RuntimeError):
    """A function is wired that has no code."""


@dataclass(frozen=True)
class Size:
    """What a function gets: memory in MB (processor in proportion), seconds, and at most how many at once."""

    memory: int
    seconds: int
    at_once: int | None = None


class SomsFunction(Function):
    """The code in `functions/<name>`, with a role that may do nothing but write its log until told."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        key: IKey,
        layers: Iterable[ILayerVersion],
        size: Size,
    ) -> None:
        """Make the function, its role and its log group."""
        own = Construct(scope, f"{_title(name)}Own")
        log = _log(own, stage, name, key)
        super().__init__(
            scope,
            _title(name),
            function_name=f"{stage.prefix}-{name}",
            runtime=Runtime(f"python{stage.python}"),
            architecture=Architecture.ARM_64 if stage.machine == "arm64" else Architecture.X86_64,
            handler="app.handler",
            code=Code.from_asset(str(_folder(name)), exclude=NOT_SHIPPED),
            layers=list(layers),
            memory_size=size.memory,
            timeout=Duration.seconds(size.seconds),
            reserved_concurrent_executions=size.at_once,
            role=_role(own, log, f"What the function {name} may do"),
            log_group=log,
            environment={Setting.STAGE.value: stage.name},
        )
        self.short_name = name
        self._key = key
        self._uses: dict[str, PolicyStatement] = {}

    def may(self, table: SomsTable, *actions: str, keys: Iterable[str] = ()) -> Self:
        """Tell the function a table's name and grant these actions on it, and no others.

        Query reaches its indexes, too. With `keys`, only items under these partition keys or patterns.
        """
        self.knows(table.setting, table.table_name)
        named = list(keys)
        alike = "StringLike" if any("*" in key for key in named) else "StringEquals"
        limits: Limits | None = {f"ForAllValues:{alike}": {"dynamodb:LeadingKeys": named}} if named else None
        self._allow([f"dynamodb:{action}" for action in actions], [table.table_arn], limits)
        if "Query" in actions and table.indexes:
            self._allow(["dynamodb:Query"], table.index_arns)
        self._uses_key("dynamodb", "kms:Decrypt", "kms:DescribeKey")
        if WRITES.intersection(actions):
            self._uses_key("dynamodb", "kms:Encrypt", "kms:GenerateDataKey")
        return self

    def may_use_objects(self, setting: Setting, bucket: IBucket, path: str, *actions: str) -> Self:
        """Tell the function a bucket's name and grant these actions on the objects under a path."""
        self.knows(setting, bucket.bucket_name)
        self._allow([f"s3:{action}" for action in actions], [bucket.arn_for_objects(path)])
        self._uses_key("s3", "kms:Decrypt")
        if "PutObject" in actions:
            self._uses_key("s3", "kms:GenerateDataKey")
        return self

    def may_quarantine(self, failures: IBucket) -> Self:
        """Let a consumer put aside records that can never be applied, under its own name."""
        path = f"{QUARANTINE}/{self.short_name}/*"
        return self.may_use_objects(Setting.FAILURES_BUCKET, failures, path, "PutObject")

    def may_publish(self, setting: Setting, topic: ITopic) -> Self:
        """Tell the function a topic's name and let it publish there."""
        self.knows(setting, topic.topic_arn)
        self._allow(["sns:Publish"], [topic.topic_arn])
        self._uses_key("sns", "kms:Decrypt", "kms:GenerateDataKey")
        return self

    def may_invoke(self, *functions: Function) -> Self:
        """Let the function invoke others."""
        self._allow(["lambda:InvokeFunction"], [function.function_arn for function in functions])
        return self

    def may_go_on(self) -> Self:
        """Let the function begin itself again; it knows its own name, and Lambda ends a chain of sixteen."""
        going_on = PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.function_arn])
        # In a policy of its own: the function waits for the others, and cannot for one that names it.
        Policy(self, "GoOn", roles=[self.role] if self.role else [], statements=[going_on])
        return self

    def may_read_stream(self, table: SomsTable) -> Self:
        """Let Lambda read a table's stream on behalf of the function."""
        actions = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
        self._allow([f"dynamodb:{action}" for action in actions], [str(table.table_stream_arn)])
        self._uses_key("dynamodb", "kms:Decrypt", "kms:DescribeKey")
        return self

    def may_leave_failures(self, failures: IBucket) -> Self:
        """Let Lambda leave what the function failed on in the bucket, where Lambda chooses the names."""
        self._allow(["s3:ListBucket"], [failures.bucket_arn])
        self._allow(["s3:PutObject"], [failures.arn_for_objects("aws/lambda/*")])
        self._uses_key("s3", "kms:Decrypt", "kms:GenerateDataKey")
        return self

    def knows(self, setting: Setting, value: str) -> Self:
        """Tell the function a setting."""
        self.add_environment(setting.value, value)
        return self

    def _allow(self, actions: list[str], resources: list[str], limits: Limits | None = None) -> None:
        self.add_to_role_policy(PolicyStatement(actions=actions, resources=resources, conditions=limits))

    def _uses_key(self, service: str, *actions: str) -> None:
        """Let the function use the stage's key, through one AWS service only."""
        if service not in self._uses:
            via = f"{service}.{Stack.of(self).region}.amazonaws.com"
            conditions = {"StringEquals": {"kms:ViaService": via}}
            self._uses[service] = PolicyStatement(resources=[self._key.key_arn], conditions=conditions)
            self.add_to_role_policy(self._uses[service])
        self._uses[service].add_actions(*actions)


def _role(scope: Construct, log: LogGroup, description: str) -> Role:
    role = Role(scope, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"), description=description)
    logging = ["logs:CreateLogStream", "logs:PutLogEvents"]
    role.add_to_policy(PolicyStatement(actions=logging, resources=[log.log_group_arn]))
    return role


def _log(scope: Construct, stage: Stage, name: str, key: IKey) -> LogGroup:
    return LogGroup(
        scope,
        "Log",
        log_group_name=f"/soms/{stage.name}/{name}",
        encryption_key=key,
        retention=RetentionDays.ONE_YEAR if stage.production else RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _folder(name: str) -> Path:
    folder = PROJECT / "functions" / name
    if not (folder / "app.py").is_file():
        message = f"functions/{name}/app.py is missing: every function that is wired needs its door"
        raise FunctionMissing(message)
    return folder


def _title(name: str) -> str:
    return name.title().replace("_", "")
