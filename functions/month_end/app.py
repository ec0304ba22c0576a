"""Schedule → a month that has been closing long enough is closed."""

from soms.accounting import closing
from soms.kit import clock, streams, telemetry


def handler(_event: streams.Event, _context: streams.Context) -> dict[str, str | None]:
    """Close the month that is due; one that something keeps open stays closing and is tried again."""
    try:
        closed = closing.finish_due(now=clock.now())
    except closing.PeriodBlocked as blocked:
        telemetry.note("a month is kept open", blockers=[one.code for one in blocked.faults])
        return {"closed": None}
    telemetry.note("months looked at", closed=closed)
    return {"closed": closed}
