"""Schedule → tax invoices that wait for the platform are asked about, sent again, and given their files."""

from soms.billing.fapiao import sweep
from soms.kit import clock, streams


def handler(_event: streams.Event, _context: streams.Context) -> dict[str, int]:
    """Go on with what is due."""
    return sweep.sweep(now=clock.now)
