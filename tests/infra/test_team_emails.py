"""Who hears of low stock by e-mail is configuration: nobody unless said."""

import os

import pytest

from infra import stages, synth
from tests.infra.templates import Synthesised


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        (["buy@example.com", "ops@example.com"], ("buy@example.com", "ops@example.com")),
        ("buy@example.com, ops@example.com", ("buy@example.com", "ops@example.com")),
        (["buy@example.com", " buy@example.com "], ("buy@example.com",)),
    ],
)
def test_addresses_come_as_a_list_or_with_commas_each_once(said: object, heard: tuple[str, ...]) -> None:
    assert stages.addresses("purchasing", said) == heard


@pytest.mark.parametrize("said", ["buy", ["buy@example.com", "@example.com"], "buy@"])
def test_what_is_no_address_is_refused_by_name(said: object) -> None:
    with pytest.raises(stages.NoAddress, match="purchasing_emails"):
        stages.addresses("purchasing", said)


def test_nobody_is_subscribed_unless_said(dev: Synthesised) -> None:
    assert dev.of("AWS::SNS::Subscription") == {}


def test_each_address_is_subscribed_to_the_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", os.environ.get("JSII_NODE") or synth.node())
    from aws_cdk import App, Stack  # noqa: PLC0415 starts Node, which has to be named before
    from aws_cdk.assertions import Template  # noqa: PLC0415 the same
    from aws_cdk.aws_kms import Key  # noqa: PLC0415 the same

    from infra.app import configured  # noqa: PLC0415 the same
    from infra.teams import TeamTopic  # noqa: PLC0415 the same

    named = {"purchasing_emails": ["buy@example.com", "ops@example.com"], "sales_emails": "sell@example.com"}
    app = App(context={"stage": "prod", **named})
    stack, stage = Stack(app, "Stack"), configured(app)
    key = Key(stack, "Key")
    TeamTopic(stack, "Purchasing", key=key, addresses=stage.purchasing_emails)
    TeamTopic(stack, "Sales", key=key, addresses=stage.sales_emails)

    found = Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    assert {(one["Properties"]["Protocol"], one["Properties"]["Endpoint"]) for one in found} == {
        ("email", "buy@example.com"),
        ("email", "ops@example.com"),
        ("email", "sell@example.com"),
    }
