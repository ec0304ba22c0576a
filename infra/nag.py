"""cdk-nag, and why we do not do what some of its rules ask."""

from aws_cdk import Acknowledgment, App, Stack, Validations
from aws_cdk.aws_apigateway import RestApi
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.app_stack import AppStack
from infra.backups import POLICIES
from infra.buckets import INVOICES, JOURNALS, PAPERS, QUARANTINE, ROW_ERRORS, ROWS, TAX_INVOICES, UPLOADED
from infra.data import DataStack
from infra.guard import GuardStack

PACK = "AwsSolutions"
MANAGED = "Policy::arn:<AWS::Partition>:iam::aws:policy/"


def check(app: App) -> None:
    """Fail the synthesis on every finding that is not explained below."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def explain(data: DataStack, app: AppStack, guard: GuardStack) -> None:
    """Give the reasons for what we do otherwise."""
    _because(
        data.identity.pool,
        "COG8",
        "The plus tier costs by user and month; every user has a second factor and none signs up alone.",
    )
    for function in app.functions:
        _because(
            function,
            "L1",
            "3.13 is the Python that all locked wheels, the tests and the laptops have; supported to 2029.",
        )
    _explain_object_names(data, app)
    _explain_api(app.api)
    _because(
        app.node.find_child("ApiOwn"),
        f"IAM4[{MANAGED}service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "The account-wide setting with which API Gateway writes any log; the service asks for this policy.",
    )
    _because(app.undelivered, "SQS3", "It is itself the queue of what could not be delivered.")
    for policy in POLICIES:
        _because(
            guard.backups,
            f"IAM4[{MANAGED}{policy}]",
            "What AWS Backup needs changes with the service; AWS keeps this policy up to date.",
        )


def _explain_api(api: RestApi) -> None:
    _because(
        api,
        "APIG2",
        "The functions check requests: they name every error at once, in two languages and our own codes.",
    )
    _because(api, "APIG3", "The web ACL is attached in the stack `Guard`, which the rule does not look into.")
    health = api.root.resource_for_path("/v1/health")
    for rule in ("APIG4", "COG4"):
        _because(health, rule, "Health is the one public route: it tells the version and nothing else.")


def _explain_object_names(data: DataStack, app: AppStack) -> None:
    """Objects of one folder of one bucket are the finest that IAM can name."""
    documents = _name_of(data, data.buckets.documents.bucket_arn)
    failures = _name_of(data, data.buckets.failures.bucket_arn)
    rules = [f"IAM5[Resource::{documents}/{path}]" for path in (INVOICES, PAPERS)]
    readers = [app.doors["billing"], app.consumers["rendering"], app.reconcile]
    for owner in (*(reader.role for reader in readers), app.finance_reader):
        for rule in rules:
            _because(owner, rule, "Documents have names that their numbers decide, below these folders.")
    tax_rule = f"IAM5[Resource::{documents}/{TAX_INVOICES}]"
    for issuer in (app.doors["fapiao"], app.fapiao_sweep):
        _because(issuer.role, tax_rule, "Tax invoices have names that their numbers decide.")
    journal_rule = f"IAM5[Resource::{documents}/{JOURNALS}]"
    why = "Journal batches have names that their numbers decide, below journals/."
    _because(app.doors["accounting"].role, journal_rule, why)
    uploads = _name_of(data, data.buckets.uploads.bucket_arn)
    for function in (app.doors["transfers"], *app.called):
        for place in (UPLOADED, ROWS, ROW_ERRORS):
            why = "The files of an import lie in a folder that its id names, below imports/."
            _because(function.role, f"IAM5[Resource::{uploads}/{place}]", why)
    for function in (*app.consumers.values(), *app.scheduled, *app.called):
        rule = f"IAM5[Resource::{failures}/aws/lambda/*]"
        _because(function.role, rule, "Lambda chooses the names of what it puts aside, below aws/lambda/.")
    for name, consumer in app.consumers.items():
        rule = f"IAM5[Resource::{failures}/{QUARANTINE}/{name}/*]"
        _because(consumer.role, rule, "A quarantined record is named by its day and sequence number.")


def _name_of(stack: Stack, value: str) -> str:
    """Return how the rules see a value of another stack: the name of its export."""
    return str(stack.resolve(stack.export_value(value))["Fn::ImportValue"])


def _because(construct: IConstruct | None, rule: str, reason: str) -> None:
    if construct is not None:
        Validations.of(construct).acknowledge(Acknowledgment(id=f"{PACK}::{PACK}-{rule}", reason=reason))
