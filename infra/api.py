"""The API: every noun of the access table, each for the function that serves it, behind the authorizer."""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk.aws_apigateway import (
    AccessLogFormat,
    AuthorizationType,
    CfnAccount,
    CognitoUserPoolsAuthorizer,
    EndpointType,
    Integration,
    IntegrationType,
    LogGroupLogDestination,
    MethodLoggingLevel,
    Resource,
    RestApi,
    StageOptions,
)
from aws_cdk.aws_cognito import IUserPool
from aws_cdk.aws_iam import ManagedPolicy, Role, ServicePrincipal
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_lambda import CfnPermission
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct
from soms.kit.access import ROUTES

from infra.functions import SomsFunction
from infra.identity import SCOPES
from infra.refusals import refuse_in_our_form
from infra.stages import Stage

DEPLOYED_AS = "live"
REQUESTS_PER_SECOND = 500
BURST = 1000
ACCESS_LOG = {
    "request_id": "$context.requestId",
    "at": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "function_ms": "$context.integrationLatency",
    "function_status": "$context.integration.status",
    "refused_by_gateway": "$context.error.responseType",
    "refused_by_firewall": "$context.waf.status",
}
"""The route and not the path, no address, no caller: nothing here says who asked for whom."""


class NounTwice(ValueError):
    """Two functions claim the same first part of a path."""


class SomsApi(RestApi):
    """The REST API with its authorizer, its throttle, its log and its refusals."""

    def __init__(
        self, scope: Construct, *, stage: Stage, key: IKey, pool: IUserPool, doors: Mapping[str, SomsFunction]
    ) -> None:
        """Make the API; `doors` are the functions by the names of the access table."""
        own = Construct(scope, "ApiOwn")
        account = _may_write_logs(own)
        log = _log(own, "AccessLog", f"/soms/{stage.name}/api", stage, key)
        super().__init__(
            scope,
            "Api",
            rest_api_name=stage.prefix,
            description=f"SOMS {stage.name}",
            endpoint_types=[EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=StageOptions(
                stage_name=DEPLOYED_AS,
                throttling_rate_limit=REQUESTS_PER_SECOND,
                throttling_burst_limit=BURST,
                access_log_destination=LogGroupLogDestination(log),
                access_log_format=AccessLogFormat.custom(_line(ACCESS_LOG)),
                logging_level=MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                metrics_enabled=False,
            ),
        )
        # The stack tells the address itself, with the version in it.
        self.node.try_remove_child("Endpoint")
        self._authorizer = CognitoUserPoolsAuthorizer(
            own, "Authorizer", authorizer_name=stage.prefix, cognito_user_pools=[pool]
        )
        refuse_in_our_form(self)
        self._route(doors)
        # The gateway makes this group by itself, for ever and with another key, unless it is there already.
        group = f"API-Gateway-Execution-Logs_{self.rest_api_id}/{DEPLOYED_AS}"
        errors = _log(own, "ErrorLog", group, stage, key)
        self.deployment_stage.node.add_dependency(account, errors)

    def _route(self, doors: Mapping[str, SomsFunction]) -> None:
        version = self.root.add_resource("v1")
        claimed: set[str] = set()
        for door, routes in ROUTES.items():
            target = self._target(doors[door])
            open_to_all = {route for route, groups in routes.items() if groups is None}
            nouns = {noun_of(route) for route in routes if route not in open_to_all}
            if claimed & nouns:
                message = f"two functions serve /v1/{min(claimed & nouns)}"
                raise NounTwice(message)
            claimed |= nouns
            for noun in sorted(nouns):
                self._protect(version.add_resource(noun), target)
            for route in sorted(open_to_all):
                method, path = route.split(" ", 1)
                place = self.root.resource_for_path(path)
                place.add_method(method, target, authorization_type=AuthorizationType.NONE)

    def _target(self, door: SomsFunction) -> Integration:
        """Hand requests to a function, and allow it to the deployed stage of this API only."""
        CfnPermission(
            self,
            f"{door.node.id}Permission",
            action="lambda:InvokeFunction",
            function_name=door.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=self.arn_for_execute_api("*", "/v1/*", DEPLOYED_AS),
        )
        here = Stack.of(self)
        service = f"arn:{here.partition}:apigateway:{here.region}:lambda:path/2015-03-31"
        return Integration(
            type=IntegrationType.AWS_PROXY,
            integration_http_method="POST",
            uri=f"{service}/functions/{door.function_arn}/invocations",
        )

    def _protect(self, noun: Resource, target: Integration) -> None:
        for resource in (noun, noun.add_resource("{proxy+}")):
            resource.add_method(
                "ANY",
                target,
                authorizer=self._authorizer,
                authorization_type=AuthorizationType.COGNITO,
                authorization_scopes=list(SCOPES),
            )


def noun_of(route: str) -> str:
    """Return the part of `METHOD /v1/noun/...` that the gateway tells functions apart by."""
    return route.split("/")[2]


def _line(fields: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}"


def _log(scope: Construct, name: str, group: str, stage: Stage, key: IKey) -> LogGroup:
    return LogGroup(
        scope,
        name,
        log_group_name=group,
        encryption_key=key,
        retention=RetentionDays.ONE_YEAR if stage.production else RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _may_write_logs(scope: Construct) -> CfnAccount:
    """Let the gateway of this account write logs: one setting per account and region, for all stages."""
    policy = ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    role = Role(
        scope,
        "LogWriter",
        assumed_by=ServicePrincipal("apigateway.amazonaws.com"),
        managed_policies=[policy],
    )
    account = CfnAccount(scope, "Account", cloud_watch_role_arn=role.role_arn)
    # The setting outlives this stage, because other stages log with it.
    role.apply_removal_policy(RemovalPolicy.RETAIN)
    account.apply_removal_policy(RemovalPolicy.RETAIN)
    return account
