"""Schedule → purchasing: the digest of open stock alerts, with those nobody took up first."""

from soms.inventory import replenish
from soms.kit import clock, streams, telemetry


def handler(_event: streams.Event, _context: streams.Context) -> dict[str, int]:
    """Send the digest; without open alerts nothing is sent."""
    told = replenish.digest(now=clock.now())
    telemetry.count("digest", "OpenAlerts", told)
    return {"alerts": told}
