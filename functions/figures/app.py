"""Schedule → what moved is folded into the figures of stock; classes, totals and computed rules follow."""

from dataclasses import asdict

from soms.inventory import walk
from soms.kit import clock, streams, telemetry

USED = 0.9
"""The share of its time after which a run ends; the next one goes on."""


def handler(_event: streams.Event, context: streams.Context) -> dict[str, int]:
    """Walk every warehouse as far as the time allows; a second run at once changes nothing twice."""
    whole = context.get_remaining_time_in_millis()

    def room(share: float) -> bool:
        return context.get_remaining_time_in_millis() > whole * (1 - USED * share)

    done: dict[str, int] = asdict(walk.run(room, now=clock.now()))
    telemetry.count("walked", "StockBehind", done["behind"], **done)
    return done
