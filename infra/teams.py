"""Where a team is told what concerns it: a topic, and who hears of it by e-mail."""

from collections.abc import Iterable

from aws_cdk.aws_kms import IKey
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct


class TeamTopic(Topic):
    """A topic of messages for people; each address confirms once, by a link in a first mail."""

    def __init__(self, scope: Construct, name: str, *, key: IKey, addresses: Iterable[str]) -> None:
        """Make the topic and subscribe the addresses that are configured: none unless said."""
        super().__init__(scope, name, master_key=key, enforce_ssl=True)
        for address in addresses:
            self.add_subscription(EmailSubscription(address))
