"""What somebody must look at, told to one topic that people subscribe to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from aws_cdk import Duration, Stack
from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    IMetric,
    MathExpression,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_sns import Topic
from constructs import Construct

NAMESPACE = "SOMS"
"""Of the metrics that functions write into their log lines; `soms.kit.telemetry` uses the same."""
PERIOD = Duration.minutes(5)
MOST_WATCHED = 10
"""Metrics that one alarm may add up."""
Watched = TypeVar("Watched")


class Alarms(Construct):
    """One topic, and alarms that are silent while there is nothing to say."""

    def __init__(self, scope: Construct, key: IKey) -> None:
        """Make the topic that alarms are told to."""
        super().__init__(scope, "Alarms")
        self.topic = Topic(self, "Topic", master_key=key, enforce_ssl=True)
        here = Stack.of(self)
        self.topic.add_to_resource_policy(
            PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": here.account}},
            )
        )

    def when(
        self,
        name: str,
        why: str,
        metric: IMetric,
        *,
        above: float = 0,
        periods: int = 1,
        of: int | None = None,
    ) -> None:
        """Raise an alarm while a metric is above a value in so many periods of so many."""
        alarm = Alarm(
            self,
            name,
            alarm_description=why,
            metric=metric,
            threshold=above,
            comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=of or periods,
            datapoints_to_alarm=periods,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        action = SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)


def ours(function: IFunction, name: str) -> Metric:
    """Return a metric that a function writes into its log lines."""
    return Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"function": function.function_name},
        statistic="Sum",
        period=PERIOD,
    )


def of_lambda(function: IFunction, name: str, statistic: str = "Sum") -> Metric:
    """Return one of Lambda's own metrics of a function."""
    return Metric(
        namespace="AWS/Lambda",
        metric_name=name,
        dimensions_map={"FunctionName": function.function_name},
        statistic=statistic,
        period=PERIOD,
    )


def in_tens(name: str, several: Sequence[Watched]) -> list[tuple[str, Sequence[Watched]]]:
    """Return things ten at a time: the first ten under the name, the next ten under its second, and so on."""
    starts = range(0, len(several), MOST_WATCHED)
    return [
        (name if not start else f"{name}{start // MOST_WATCHED + 1}", several[start : start + MOST_WATCHED])
        for start in starts
    ]


def total(metrics: Iterable[IMetric]) -> MathExpression:
    """Return the sum of at most ten metrics, which is as many as an alarm may watch; none is nought."""
    named: Mapping[str, IMetric] = {f"m{place}": metric for place, metric in enumerate(metrics)}
    expression = "+".join(f"FILL({name},0)" for name in named)
    return MathExpression(expression=expression, using_metrics=dict(named), period=PERIOD)
