"""The CDK app: the stacks of one stage (`cdk synth -c stage=dev`)."""

from dataclasses import replace

from aws_cdk import App, Tags

from infra import nag, stages
from infra.app_stack import AppStack
from infra.data import DataStack
from infra.guard import GuardStack
from infra.stages import Stage


def build(app: App) -> None:
    """Put the stacks of the stage that the context names into the app."""
    stage = configured(app)
    data = DataStack(app, stage)
    application = AppStack(app, data)
    guard = GuardStack(app, data, application)
    if not stage.local:
        nag.explain(data, application, guard)
        nag.check(app)
    Tags.of(app).add("system", "soms")
    Tags.of(app).add("stage", stage.name)


def configured(app: App) -> Stage:
    """Return the stage that the context names, with what the context says of it."""
    context = app.node.try_get_context
    stage = stages.named(context("stage") or "dev", context("account"), context("region"))
    teams = ("purchasing", "sales", "finance")
    mail = {team: stages.addresses(team, context(f"{team}_emails")) for team in teams}
    platform = stages.tax_platform(stage, context("tax_platform"))
    return replace(
        stage,
        purchasing_emails=mail["purchasing"],
        sales_emails=mail["sales"],
        finance_emails=mail["finance"],
        tax_platform=platform,
    )


def main() -> None:
    """Synthesise to where the CDK asks."""
    app = App(analytics_reporting=False)
    build(app)
    app.synth()


if __name__ == "__main__":
    main()
