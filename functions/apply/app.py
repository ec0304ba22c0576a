"""Command → the rows of an import are applied, as far as the time allows; the next run goes on."""

from soms.kit import clock, settings, streams
from soms.transfers import applying, store

USED = 0.8
"""The share of its time after which a run hands over to the next one."""


def handler(event: streams.Event, context: streams.Context) -> dict[str, bool]:
    whole = context.get_remaining_time_in_millis()

    def room() -> bool:
        return context.get_remaining_time_in_millis() > whole * (1 - USED)

    goes_on = applying.work(str(event["import"]), int(str(event["run"])), room, now=clock.now())
    if goes_on:
        store.start(settings.function_name(), event)
    return {"goes_on": goes_on}
