"""Where purchasing is told what runs low: a topic, and who hears of it by e-mail."""

from aws_cdk.aws_kms import IKey
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.stages import Stage


class PurchasingTopic(Topic):
    """The topic of alerts and digests; each address of the stage confirms once, by a link in a first mail."""

    def __init__(self, scope: Construct, *, stage: Stage, key: IKey) -> None:
        """Make the topic and subscribe the addresses that are configured: none unless said."""
        super().__init__(scope, "PurchasingTopic", master_key=key, enforce_ssl=True)
        for address in stage.purchasing_emails:
            self.add_subscription(EmailSubscription(address))
