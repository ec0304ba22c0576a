"""A file that is uploaded starts a function; what cannot be told to it goes to a queue."""

from aws_cdk.aws_events import CfnRule
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_lambda import CfnPermission
from aws_cdk.aws_s3 import IBucket
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from infra.functions import SomsFunction
from infra.schedules import OLDEST, RETRIES

BUS = "events.amazonaws.com"


class Arrivals(Construct):
    """Tell a function of each object that comes in under a pattern of names.

    By way of the event bus: the bucket, which is kept, then names nothing that can be thrown away.
    """

    def __init__(
        self, scope: Construct, bucket: IBucket, names: str, function: SomsFunction, *, undelivered: IQueue
    ) -> None:
        """Connect them."""
        super().__init__(scope, f"{function.node.id}Arrivals")
        pattern = {"wildcard": names}
        rule = CfnRule(
            self,
            "Rule",
            description=f"What is uploaded starts {function.short_name}",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [bucket.bucket_name]}, "object": {"key": [pattern]}},
            },
            targets=[
                CfnRule.TargetProperty(
                    id=function.short_name,
                    arn=function.function_arn,
                    dead_letter_config=CfnRule.DeadLetterConfigProperty(arn=undelivered.queue_arn),
                    retry_policy=CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=OLDEST.to_seconds(), maximum_retry_attempts=RETRIES
                    ),
                )
            ],
        )
        CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal=BUS,
            source_arn=rule.attr_arn,
        )
        undelivered.add_to_resource_policy(
            PolicyStatement(
                sid="Arrivals",
                principals=[ServicePrincipal(BUS)],
                actions=["sqs:SendMessage"],
                resources=[undelivered.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
            )
        )
