"""Schedule → quotes that are no longer valid expire and give back the stock they kept."""

from soms.kit import clock, streams, telemetry
from soms.orders import soft


def handler(_event: streams.Event, _context: streams.Context) -> dict[str, int]:
    """Expire what is over; whoever needs its stock earlier takes it back without waiting for this."""
    ended = soft.expire_all(now=clock.now())
    telemetry.count("expired", "ExpiredQuotes", ended)
    return {"expired": ended}
