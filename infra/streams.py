"""A function that follows a table's stream, with what happens to records that it cannot take."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk.aws_lambda import CfnEventSourceMapping
from aws_cdk.aws_s3 import IBucket
from constructs import Construct

from infra.functions import SomsFunction
from infra.tables import SomsTable

BATCH = 100
WINDOW_SECONDS = 1
RETRIES = 10
OLDEST = Duration.hours(6)
WRITTEN = ("INSERT", "MODIFY")


class Follow(CfnEventSourceMapping):
    """Hand a table's changes to a function: in order per item, again after a failure, halved, then put aside.

    One batch per shard at a time, so the number of shards bounds how many copies of a consumer run; a
    reserved concurrency would only throttle some of them. Batches that meet at one counter repeat their
    transaction.
    """

    def __init__(
        self,
        scope: Construct,
        table: SomsTable,
        function: SomsFunction,
        *,
        pattern: Mapping[str, object],
        failures: IBucket,
    ) -> None:
        """Connect them and give the function the rights that Lambda needs for it."""
        function.may_read_stream(table).may_leave_failures(failures).may_quarantine(failures)
        super().__init__(
            scope,
            f"{table.node.id}To{function.node.id}",
            event_source_arn=table.table_stream_arn,
            function_name=function.function_name,
            starting_position="TRIM_HORIZON",
            batch_size=BATCH,
            maximum_batching_window_in_seconds=WINDOW_SECONDS,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=RETRIES,
            maximum_record_age_in_seconds=OLDEST.to_seconds(),
            parallelization_factor=1,
            filter_criteria=self.FilterCriteriaProperty(
                filters=[self.FilterProperty(pattern=json.dumps(pattern, separators=(",", ":")))]
            ),
            destination_config=self.DestinationConfigProperty(
                on_failure=self.OnFailureProperty(destination=failures.bucket_arn)
            ),
        )
        self.function = function


def kinds(*kind: str, events: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the filter for items of these kinds, as written now."""
    pattern: dict[str, object] = {"dynamodb": {"NewImage": {"kind": {"S": list(kind)}}}}
    return ({"eventName": list(events)} if events else {}) | pattern


def parts(*part: str, events: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the filter for these parts of documents."""
    pattern: dict[str, object] = {"dynamodb": {"NewImage": {"part": {"S": list(part)}}}}
    return ({"eventName": list(events)} if events else {}) | pattern
