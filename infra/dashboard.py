"""One page that shows whether the system is well."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk.aws_apigateway import RestApi
from aws_cdk.aws_cloudwatch import Dashboard, GraphWidget, Metric
from aws_cdk.aws_dynamodb import ITable
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.alarms import PERIOD, of_lambda, ours
from infra.stages import Stage

THIRD = 8


class Wellbeing(Dashboard):
    """Requests, refusals and faults above; functions and streams in the middle; tables below."""

    def __init__(
        self,
        scope: Construct,
        stage: Stage,
        *,
        api: RestApi,
        doors: Sequence[IFunction],
        consumers: Sequence[IFunction],
        tables: Sequence[ITable],
    ) -> None:
        """Draw the page."""
        super().__init__(scope, "Wellbeing", dashboard_name=stage.prefix, default_interval=Duration.hours(12))
        everyone = [*doors, *consumers]
        self.add_widgets(
            _graph("Requests", of_api(api, "Count", "Sum")),
            _graph("Refused and failed", of_api(api, "4XXError", "Sum"), of_api(api, "5XXError", "Sum")),
            _graph("Answer time, ms", *(of_api(api, "Latency", what) for what in ("p50", "p99"))),
        )
        self.add_widgets(
            _graph("Errors", *(of_lambda(function, "Errors") for function in everyone)),
            _graph("Duration p99, ms", *(of_lambda(function, "Duration", "p99") for function in everyone)),
            _graph("At once", *(of_lambda(each, "ConcurrentExecutions", "Maximum") for each in everyone)),
        )
        self.add_widgets(
            _graph("Age of streams, ms", *(of_lambda(each, "IteratorAge", "Maximum") for each in consumers)),
            _graph("Applied", *(ours(consumer, "Applied") for consumer in consumers)),
            _graph("Quarantined", *(ours(consumer, "Quarantined") for consumer in consumers)),
        )
        self.add_widgets(
            _graph("Conflicts", *(of_table(table, "TransactionConflict") for table in tables)),
            _graph("Write units", *(of_table(table, "ConsumedWriteCapacityUnits") for table in tables)),
            _graph("Read units", *(of_table(table, "ConsumedReadCapacityUnits") for table in tables)),
        )


def of_api(api: RestApi, name: str, statistic: str) -> Metric:
    """Return a metric of the deployed stage of the API."""
    return Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiName": api.rest_api_name, "Stage": api.deployment_stage.stage_name},
        statistic=statistic,
        period=PERIOD,
    )


def of_table(table: ITable, name: str) -> Metric:
    """Return the sum of a metric of a table."""
    return Metric(
        namespace="AWS/DynamoDB",
        metric_name=name,
        dimensions_map={"TableName": table.table_name},
        statistic="Sum",
        period=PERIOD,
    )


def _graph(title: str, *metrics: Metric) -> GraphWidget:
    return GraphWidget(title=title, left=list(metrics), width=THIRD, height=6)
