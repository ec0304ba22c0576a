"""Schedule → purchasing: what was snoozed wakes, what nobody took up is escalated, the digest is sent."""

from soms.inventory import telling
from soms.kit import clock, streams, telemetry


def handler(_event: streams.Event, _context: streams.Context) -> dict[str, int]:
    """Send the digest; without open alerts and late purchase orders nothing is sent."""
    told = telling.digest(now=clock.now())
    telemetry.count("digest", "OpenAlerts", told)
    return {"alerts": told}
