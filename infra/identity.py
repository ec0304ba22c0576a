"""Who there is: the user pool with TOTP, its groups, its scopes, a client for people and one for machines."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_cognito import (
    AccountRecovery,
    AuthFlow,
    ClientAttributes,
    CognitoDomainOptions,
    FeaturePlan,
    Mfa,
    MfaSecondFactor,
    OAuthFlows,
    OAuthScope,
    OAuthSettings,
    PasswordPolicy,
    ResourceServerScope,
    SignInAliases,
    StandardAttribute,
    StandardAttributes,
    UserPool,
    UserPoolClient,
    UserPoolGroup,
)
from constructs import Construct
from soms.kit.access import Group

from infra.stages import Stage

SERVER = "soms"
PEOPLE_SCOPE = "aws.cognito.signin.user.admin"
"""In every access token that a person signed in for; machine tokens carry `soms/<group>` instead."""
MACHINE_GROUPS = (Group.SALES, Group.WAREHOUSE, Group.PURCHASING, Group.FINANCE)
"""What a connector may ask for: day-to-day work, never what a manager or an administrator may."""
SCOPES = (PEOPLE_SCOPE, *(f"{SERVER}/{group}" for group in Group))


class Identity(Construct):
    """The user pool and everything in it but the users."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        """Make the pool; only an administrator adds users and resets second factors."""
        super().__init__(scope, "Identity")
        self.pool = self._pool(stage)
        for group in Group:
            UserPoolGroup(self, f"Group-{group}", user_pool=self.pool, group_name=group)
        self.pool.add_domain(
            "Domain",
            cognito_domain=CognitoDomainOptions(domain_prefix=f"{stage.prefix}-{stage.account}"),
        )
        self.people = self._people()
        self.machines = self._machines()

    def _pool(self, stage: Stage) -> UserPool:
        return UserPool(
            self,
            "Pool",
            user_pool_name=stage.prefix,
            feature_plan=FeaturePlan.ESSENTIALS,
            self_sign_up_enabled=False,
            sign_in_aliases=SignInAliases(username=True),
            sign_in_case_sensitive=False,
            mfa=Mfa.REQUIRED,
            mfa_second_factor=MfaSecondFactor(otp=True, sms=False),
            password_policy=PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            standard_attributes=StandardAttributes(email=StandardAttribute(required=False, mutable=True)),
            account_recovery=AccountRecovery.NONE,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _people(self) -> UserPoolClient:
        return self.pool.add_client(
            "People",
            auth_flows=AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            generate_secret=False,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.hours(12),
            # An empty list would mean every attribute: the one that users may change is their language.
            read_attributes=ClientAttributes().with_standard_attributes(email=True, locale=True),
            write_attributes=ClientAttributes().with_standard_attributes(locale=True),
        )

    def _machines(self) -> UserPoolClient:
        scopes = {
            group: ResourceServerScope(scope_name=group, scope_description=f"what the group {group} may")
            for group in Group
        }
        server = self.pool.add_resource_server("Server", identifier=SERVER, scopes=list(scopes.values()))
        allowed = [OAuthScope.resource_server(server, scopes[group]) for group in MACHINE_GROUPS]
        return self.pool.add_client(
            "Machines",
            auth_flows=AuthFlow(),
            generate_secret=True,
            o_auth=OAuthSettings(flows=OAuthFlows(client_credentials=True), scopes=allowed),
            access_token_validity=Duration.hours(1),
            enable_token_revocation=True,
        )
