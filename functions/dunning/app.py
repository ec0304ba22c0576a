"""Schedule → letters to customers whose invoices are overdue, once on each of the company's days."""

from soms.billing.receivables import dunning_runs
from soms.kit import clock, streams, telemetry

USED = 0.8
"""The share of its time after which a run ends; the next one goes on."""


def handler(_event: streams.Event, context: streams.Context) -> dict[str, int]:
    """Write what is due; before nine in the morning, and when it is done for the day, nothing."""
    whole = context.get_remaining_time_in_millis()
    written = dunning_runs.daily(
        lambda: context.get_remaining_time_in_millis() > whole * (1 - USED), now=clock.now()
    )
    telemetry.count("dunned", "DunningLetters", written)
    return {"letters": written}
