"""A function that runs by the clock, in UTC, and what becomes of a run that fails."""

import json
from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import CfnEventInvokeConfig
from aws_cdk.aws_s3 import IBucket
from aws_cdk.aws_scheduler import CfnSchedule
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from infra.functions import SomsFunction
from infra.stages import Stage

RETRIES = 2
OLDEST = Duration.hours(1)


class Schedule(Construct):
    """A run by the clock; a call that is not delivered goes to the queue, with its input."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        function: SomsFunction,
        *,
        stage: Stage,
        when: str,
        payload: Mapping[str, object],
        undelivered: IQueue,
    ) -> None:
        """Schedule the function; `when` is an expression of EventBridge Scheduler."""
        super().__init__(scope, name)
        CfnSchedule(
            self,
            "Schedule",
            name=f"{stage.prefix}-{name.lower()}",
            schedule_expression=when,
            schedule_expression_timezone="UTC",
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=self._role(function, undelivered).role_arn,
                input=json.dumps(payload, separators=(",", ":")),
                dead_letter_config=CfnSchedule.DeadLetterConfigProperty(arn=undelivered.queue_arn),
                retry_policy=CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=OLDEST.to_seconds(), maximum_retry_attempts=RETRIES
                ),
            ),
        )

    def _role(self, function: SomsFunction, undelivered: IQueue) -> Role:
        mine = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        role = Role(self, "Role", assumed_by=ServicePrincipal("scheduler.amazonaws.com", conditions=mine))
        invoke = PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
        role.add_to_policy(invoke)
        role.add_to_policy(PolicyStatement(actions=["sqs:SendMessage"], resources=[undelivered.queue_arn]))
        return role


class Afterwards(CfnEventInvokeConfig):
    """What Lambda does with a run in the background that failed: twice again, then into the bucket."""

    def __init__(self, function: SomsFunction, failures: IBucket) -> None:
        """Set it and give the function the rights that Lambda needs for it."""
        function.may_leave_failures(failures)
        super().__init__(
            function,
            "Afterwards",
            function_name=function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=OLDEST.to_seconds(),
            destination_config=self.DestinationConfigProperty(
                on_failure=self.OnFailureProperty(destination=failures.bucket_arn)
            ),
        )
