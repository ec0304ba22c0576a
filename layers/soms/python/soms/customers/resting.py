"""Whether an invoice is asked for, or rests."""

from datetime import date


def rests(disputed: str | None, promised_on: date | None, today: date) -> bool:
    """Tell whether an invoice is not asked for: disputed, or promised for a day that has not passed."""
    return disputed is not None or (promised_on is not None and promised_on >= today)
