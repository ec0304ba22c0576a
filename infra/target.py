"""Which system the `soms` command talks to: the local one, or a stage on AWS; names are stack outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command answers `--help` without loading the AWS libraries
    import boto3

LOCAL = "local"
STACKS = ("data", "app")
LONGEST_INVOCATION_SECONDS = 900


class NoSuchSystem(RuntimeError):
    """The system asked for does not run, or cannot be reached; the message says how to mend it."""


@dataclass(frozen=True)
class Target:
    """One deployed system: its outputs, and clients with the rights of whoever runs the command."""

    stage: str
    outputs: Mapping[str, str]
    session: "boto3.Session"
    endpoint: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client of a service, created once."""
        if service not in self._clients:
            from botocore.config import Config  # noqa: PLC0415

            # A call that was answered late must not be made twice: what it does is repeated by the caller.
            attempts = 1 if service == "lambda" else 3
            config = Config(
                read_timeout=LONGEST_INVOCATION_SECONDS + 10,
                retries={"mode": "standard", "total_max_attempts": attempts},
                s3={"addressing_style": "path"} if self.endpoint else {},
            )
            # The stubs know each service by its literal name; here the name is an argument.
            self._clients[service] = self.session.client(service, endpoint_url=self.endpoint, config=config)  # type: ignore[call-overload]
        return self._clients[service]

    def function(self, name: str) -> str:
        """Return the deployed name of a function of ours, such as `low_stock`."""
        output = f"{name.title().replace('_', '')}Function"
        if output not in self.outputs:
            message = f"the stage {self.stage} has no function {name}"
            raise NoSuchSystem(message)
        return self.outputs[output]


def find(stage: str) -> Target:
    """Return the running local system, or a stage on AWS with the usual credentials; else NoSuchSystem."""
    return _local() if stage == LOCAL else _cloud(stage)


def _local() -> Target:
    from infra.local.home import Home  # noqa: PLC0415 a stage on AWS needs nothing local

    status = Home.here().read_status()
    if not status or status.get("state") != "ready":
        message = "The local system does not run: start it with `make run`."
        raise NoSuchSystem(message)
    import boto3  # noqa: PLC0415

    from infra.local.engine import REGION, ROOT_KEY  # noqa: PLC0415

    outputs = status["outputs"]
    session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    return Target(LOCAL, outputs if isinstance(outputs, dict) else {}, session, str(status["endpoint"]))


def _cloud(stage: str) -> Target:
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    session = boto3.Session()
    outputs: dict[str, str] = {}
    try:
        cloudformation = session.client("cloudformation")
        for part in STACKS:
            stack = cloudformation.describe_stacks(StackName=f"soms-{stage}-{part}")["Stacks"][0]
            outputs |= {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    except (BotoCoreError, ClientError) as failed:
        message = f"The stage {stage} cannot be read ({failed}): check AWS_PROFILE and AWS_REGION."
        raise NoSuchSystem(message) from failed
    return Target(stage, outputs, session)
