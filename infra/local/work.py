"""Work that is neither in a stream nor in a request: jobs under way, and queues that feed functions."""

from collections.abc import Iterator, Mapping, Sequence

from infra.local.deploy import Account

UNDER_WAY = ("queued", "validating", "applying", "running")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def open_jobs(account: Account, outputs: Mapping[str, str]) -> dict[str, int]:
    """Return the jobs that the system itself carries on with, not those waiting for a person."""
    if "JobsTable" not in outputs:
        return {}
    begun = {f"job {name}": 1 for name in _jobs(account, outputs, UNDER_WAY)}
    return begun | {f"upload {name}": 1 for name in _arriving(account, outputs)}


def _arriving(account: Account, outputs: Mapping[str, str]) -> Iterator[str]:
    """Yield the imports whose file is there, so that somebody is about to be told of it."""
    if "UploadsBucket" not in outputs:
        return
    s3 = account.client("s3")
    for name in _jobs(account, outputs, ("awaiting_upload",)):
        try:
            s3.head_object(Bucket=outputs["UploadsBucket"], Key=f"imports/{name}/upload")
        except s3.exceptions.ClientError:
            continue
        yield name


def _jobs(account: Account, outputs: Mapping[str, str], states: Sequence[str]) -> Iterator[str]:
    """Yield the jobs that are in one of these states."""
    places = {f":s{index}": {"S": state} for index, state in enumerate(states)}
    pages = (
        account.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=outputs["JobsTable"],
            FilterExpression=f"#state IN ({', '.join(places)})",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=places,
        )
    )
    for page in pages:
        yield from (item["pk"]["S"] for item in page["Items"])


def full_queues(account: Account) -> dict[str, int]:
    """Return the queues that functions read from and that still hold messages, with how many."""
    pages = account.client("lambda").get_paginator("list_event_source_mappings").paginate()
    arns = {each["EventSourceArn"] for page in pages for each in page["EventSourceMappings"]}
    sqs, held = account.client("sqs"), {}
    for name in sorted(arn.rpartition(":")[2] for arn in arns if ":sqs:" in arn):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
        if count := sum(int(attributes[each]) for each in COUNTS):
            held[f"queue {name}"] = count
    return held
