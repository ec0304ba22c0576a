"""The stack that watches: firewall, backups, alarms, dashboard. Laptops do not deploy it."""


from aws_cdk import CfnOutput, DefaultStackSynthesizer, Duration, Environment, Stack
from aws_cdk.aws_cloudwatch import Metric
from constructs import Construct

from infra.alarms import PERIOD, Alarms, in_tens, of_lambda, ours, total
from infra.app_stack import AppStack
from infra.backups import Backups
from infra.dashboard import Wellbeing, of_api, of_table
from infra.data import DataStack
from infra.firewall import Firewall

LATE_MS = Duration.minutes(5).to_milliseconds()
MANY_CONFLICTS = 100


class GuardStack(Stack):
    """What can be taken away without the system noticing."""

    def __init__(self, scope: Construct, data: DataStack, app: AppStack) -> None:
        """Wire the stack."""
        stage = data.stage
        super().__init__(
            scope,
            f"{stage.prefix}-guard",
            description=f"SOMS {stage.name}: firewall, backups, alarms, dashboard",
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.firewall = Firewall(self, stage, data.own_key, app.api.deployment_stage.stage_arn)
        self.backups = Backups(self, stage, data.own_key, data.tables, data.buckets.documents)
        self.alarms = Alarms(self, data.own_key)
        self._watch_functions(app)
        self._watch_streams(app, data)
        self._watch_edges(app, data)
        Wellbeing(
            self,
            stage,
            api=app.api,
            doors=list(app.doors.values()),
            consumers=list(app.consumers.values()),
            tables=list(data.tables),
        )
        CfnOutput(self, "AlarmTopicArn", value=self.alarms.topic.topic_arn)

    def _watch_functions(self, app: AppStack) -> None:
        when = self.alarms.when
        for function in app.functions:
            why = f"{function.short_name} ended with an error or ran out of time"
            when(f"{function.node.id}Errors", why, of_lambda(function, "Errors"))
        groups = {
            "Doors": list(app.doors.values()),
            "Consumers": list(app.consumers.values()),
            "Scheduled": app.scheduled,
            "Called": app.called,
        }
        tens = ((name, ten) for group, every in groups.items() for name, ten in in_tens(group, every))
        for name, functions in tens:
            throttles = total(of_lambda(function, "Throttles") for function in functions)
            why = "Lambda refused to run functions: look at the account's limit"
            when(f"{name}Throttled", why, throttles)
            faults = total(ours(function, "Faults") for function in functions)
            when(f"{name}Faults", "A fault nobody foresaw: look for ERROR in the logs", faults)
        books = ours(app.reconcile, "BooksBroken")
        when("BooksBroken", "Something stored contradicts something else: soms reconcile tells what", books)

    def _watch_streams(self, app: AppStack, data: DataStack) -> None:
        when = self.alarms.when
        for consumer in app.consumers.values():
            why = f"{consumer.short_name} is more than five minutes behind its table"
            age = of_lambda(consumer, "IteratorAge", "Maximum")
            when(f"{consumer.node.id}Late", why, age, above=LATE_MS, periods=2)
        sick = total(ours(consumer, "Quarantined") for consumer in app.consumers.values())
        when("Quarantined", "A record can never be applied: soms redrive, after mending", sick)
        left = Metric(
            namespace="AWS/S3",
            metric_name="NumberOfObjects",
            dimensions_map={
                "BucketName": data.buckets.failures.bucket_name,
                "StorageType": "AllStorageTypes",
            },
            statistic="Maximum",
            period=Duration.days(1),
        )
        when("FailuresLeft", "Records wait in the failures bucket (S3 counts once a day)", left)

    def _watch_edges(self, app: AppStack, data: DataStack) -> None:
        when = self.alarms.when
        why = "More than one answer in a hundred was a failure"
        when("ApiFails", why, of_api(app.api, "5XXError", "Average"), above=0.01, periods=2, of=3)
        waiting = app.undelivered.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=PERIOD
        )
        when("Undelivered", "A scheduled run, or what reads an upload, could not be started", waiting)
        for name in ("AsyncEventsDropped", "DestinationDeliveryFailures"):
            lost = total(of_lambda(function, name) for function in (*app.scheduled, *app.called))
            when(name, "What failed in the background was not even put aside", lost)
        conflicts = total(of_table(table, "TransactionConflict") for table in data.tables)
        why = "Commands meet at the same items again and again: look for a hot SKU"
        when("Conflicts", why, conflicts, above=MANY_CONFLICTS, periods=3)
        slowed = total(of_table(table, "WriteThrottleEvents") for table in data.tables)
        when("TablesThrottled", "DynamoDB slows writes down: look for a hot key", slowed)
