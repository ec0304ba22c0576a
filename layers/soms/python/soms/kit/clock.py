"""The time, in UTC; the only place that asks for it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Write an instant as RFC 3339 in UTC to the microsecond, so that text order is time order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
