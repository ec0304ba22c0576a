"""Brings the engine to the state of the synthesised template, whatever it held before."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from infra.local import assembly, restore
from infra.local.engine import ACCOUNT, REGION, ROOT_KEY

BROKEN = frozenset({"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
MAILBOX = "soms-local-{team}-mailbox"

Say = Callable[[str], None]


class DeploymentFailed(RuntimeError):
    """CloudFormation refused the template; the message names the resources and their reasons."""


@dataclass
class Account:
    """Clients of the engine's account, signed as its root, each created once."""

    endpoint: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            # The stubs know each service by its literal name; here the name is an argument.
            self._clients[service] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id=ROOT_KEY,
                aws_secret_access_key=ROOT_KEY,
                config=Config(
                    read_timeout=900,
                    retries={"mode": "standard", "total_max_attempts": 1 if service == "lambda" else 3},
                    s3={"addressing_style": "path"},
                ),
            )
        return self._clients[service]

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()


def deploy(account: Account, folder: Path, say: Say) -> dict[str, str]:
    """Deploy the stacks of an assembly, put right what the engine drops, and return all their outputs."""
    stacks = assembly.stacks(folder, ACCOUNT, REGION)
    outputs: dict[str, str] = {}
    for stack in stacks:
        publish(account, stack)
        say(f"{stack.name}: {converge(account, stack)}")
        outputs |= stack_outputs(account, stack.name)
    for stack in stacks:
        if again := restore.restore(account, stack.name, stack.template()):
            say(f"{stack.name}: applied again {again}")
    disable_mappings(account)
    return outputs


def publish(account: Account, stack: assembly.Stack) -> None:
    """Upload those files of a stack that the assets bucket does not hold yet."""
    s3 = account.client("s3")
    for asset in stack.assets:
        try:
            s3.head_object(Bucket=asset.bucket, Key=asset.key)
        except ClientError as absent:
            if absent.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004
                raise
            _ensure_bucket(s3, asset.bucket)
            s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.body())


def _ensure_bucket(s3: Any, name: str) -> None:
    try:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        return


def converge(account: Account, stack: assembly.Stack) -> str:
    """Create or update one stack; return `created`, `updated` or `unchanged`."""
    cloudformation = account.client("cloudformation")
    template = stack.template_asset()
    request = {
        "StackName": stack.name,
        "TemplateURL": f"https://s3.{REGION}.amazonaws.com/{template.bucket}/{template.key}",
        "Capabilities": CAPABILITIES,
    }
    status = _status(cloudformation, stack.name)
    if status in BROKEN:
        cloudformation.delete_stack(StackName=stack.name)
        gone = cloudformation.get_waiter("stack_delete_complete")
        gone.wait(StackName=stack.name, WaiterConfig={"Delay": 1})
        status = None
    verb = "update" if status else "create"
    try:
        cloudformation.update_stack(**request) if status else cloudformation.create_stack(**request)
    except ClientError as refused:
        reason = refused.response["Error"]["Message"]
        if "No updates are to be performed" in reason:
            return "unchanged"
        message = f"the engine could not {verb} {stack.name}: {reason}"
        raise DeploymentFailed(message) from refused
    return _settled(cloudformation, stack.name, verb)


def _status(cloudformation: Any, name: str) -> str | None:
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as absent:
        if "does not exist" in absent.response["Error"]["Message"]:
            return None
        raise
    return None if found == "DELETE_COMPLETE" else str(found)


def _settled(cloudformation: Any, name: str, verb: str) -> str:
    waiter = cloudformation.get_waiter(f"stack_{verb}_complete")
    try:
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    except WaiterError as failed:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED") and event.get("ResourceStatusReason")
        ]
        message = f"the engine could not {verb} {name}: " + "; ".join(reasons[:5])
        raise DeploymentFailed(message) from failed
    return f"{verb}d"


def stack_outputs(account: Account, name: str) -> dict[str, str]:
    """Return a stack's outputs by key."""
    found = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def disable_mappings(account: Account) -> int:
    """Switch the engine's own stream readers off (they lose failed records); return how many were on."""
    client = account.client("lambda")
    mappings = [
        mapping
        for page in client.get_paginator("list_event_source_mappings").paginate()
        for mapping in page["EventSourceMappings"]
        if ":dynamodb:" in mapping["EventSourceArn"] and mapping["State"] not in {"Disabled", "Disabling"}
    ]
    for mapping in mappings:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return len(mappings)


def mailbox(account: Account, topic_arn: str, team: str = "purchasing") -> str:
    """Subscribe a queue to a team's topic, so that its mail can be read; return the queue's URL."""
    sqs, sns = account.client("sqs"), account.client("sns")
    url = str(sqs.create_queue(QueueName=MAILBOX.format(team=team))["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(_from_topic(arn, topic_arn))})
    subscribed = sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    if arn not in {subscription["Endpoint"] for subscription in subscribed}:
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return url


def _from_topic(queue_arn: str, topic_arn: str) -> Mapping[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }
