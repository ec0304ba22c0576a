"""The firewall in front of the API: Amazon's rule sets and a limit per address."""

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_wafv2 import CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation
from constructs import Construct

from infra.stages import Stage

WINDOW_SECONDS = 300
REQUESTS_PER_ADDRESS = 30_000
"""In five minutes: a hundred a second, more than a company behind one address needs, less than a flood."""
RULE_SETS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
# An order of five hundred lines is larger than the 8 KB that this rule takes for an attack.
COUNTED_ONLY = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}


class Firewall(Construct):
    """A web ACL on the deployed stage of the API."""

    def __init__(self, scope: Construct, stage: Stage, key: IKey, api_stage_arn: str) -> None:
        """Make it and put it in front of the API."""
        super().__init__(scope, "Firewall")
        rules = [_per_address(0)]
        rules += [_managed(name, priority) for priority, name in enumerate(RULE_SETS, start=1)]
        self.acl = CfnWebACL(
            self,
            "Acl",
            name=stage.prefix,
            scope="REGIONAL",
            default_action=CfnWebACL.DefaultActionProperty(allow=CfnWebACL.AllowActionProperty()),
            rules=rules,
            visibility_config=_visible("Acl"),
        )
        CfnWebACLAssociation(self, "OnApi", resource_arn=api_stage_arn, web_acl_arn=self.acl.attr_arn)
        self._log_what_was_refused(stage, key)

    def _log_what_was_refused(self, stage: Stage, key: IKey) -> None:
        name = f"aws-waf-logs-{stage.prefix}"
        group = LogGroup(
            self,
            "Log",
            log_group_name=name,
            encryption_key=key,
            retention=RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        arn = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        kept = [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")]
        log = CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[arn],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [{"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": kept}],
            },
            redacted_fields=[
                CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": "authorization"}),
                CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
        )
        log.node.add_dependency(group)


def _visible(name: str) -> CfnWebACL.VisibilityConfigProperty:
    return CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _per_address(priority: int) -> CfnWebACL.RuleProperty:
    limit = CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP", limit=REQUESTS_PER_ADDRESS, evaluation_window_sec=WINDOW_SECONDS
    )
    return CfnWebACL.RuleProperty(
        name="PerAddress",
        priority=priority,
        action=CfnWebACL.RuleActionProperty(block=CfnWebACL.BlockActionProperty()),
        statement=CfnWebACL.StatementProperty(rate_based_statement=limit),
        visibility_config=_visible("PerAddress"),
    )


def _managed(name: str, priority: int) -> CfnWebACL.RuleProperty:
    counted = [
        CfnWebACL.RuleActionOverrideProperty(
            name=rule,
            action_to_use=CfnWebACL.RuleActionProperty(count=CfnWebACL.CountActionProperty()),
        )
        for rule in COUNTED_ONLY.get(name, ())
    ]
    group = CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=name, rule_action_overrides=counted or None
    )
    return CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=CfnWebACL.OverrideActionProperty(none={}),
        statement=CfnWebACL.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_visible(name),
    )
