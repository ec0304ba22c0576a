"""What we ask of the tax platform, whosever contract it is; adapters are written against this and no more.

An adapter answers within four seconds, as a door makes up to five calls, and says Unknown, not an exception,
when it cannot tell what became of a call. Whatever changes something carries our serial: the same one again
must change nothing.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from soms.billing.fapiao.model import Format, Kind, Line, RedReason, Type

Standing = Literal["open", "confirmed", "refused", "withdrawn", "lapsed"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A tax invoice to be issued, or a red confirmation to be asked for; in CNY, negative where it is red.

    `reference` is the number of our document, for people. A red one names its blue one, and when it is to be
    issued its confirmation.
    """

    serial: str
    kind: Kind
    type: Type
    seller: str
    seller_tax_id: str
    title: str
    tax_id: str | None
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    reference: str
    blue_number: str | None = None
    confirmation_number: str | None = None
    red_reason: RedReason | None = None


@dataclass(frozen=True)
class Accepted:
    """The platform has it and will issue it."""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """The platform has issued it: the number of 20 digits, and for whom it did."""

    number: str
    issued_at: str
    type: Type
    title: str
    tax_id: str | None


@dataclass(frozen=True)
class Refused:
    """The platform will not, and nothing came of it."""

    code: str
    text: str


@dataclass(frozen=True)
class Unknown:
    """It cannot be told what became of the call; ask by the serial."""

    text: str


@dataclass(frozen=True)
class Absent:
    """The platform knows nothing of this serial."""


@dataclass(frozen=True)
class Confirmation:
    """A red confirmation (红字确认单) and where it stands; one nobody confirmed in 72 hours has lapsed."""

    number: str
    standing: Standing


Outcome = Accepted | Issued | Refused | Unknown | Absent
RedOutcome = Confirmation | Refused | Unknown | Absent


class TaxPlatform(Protocol):
    """The tax platform as this system needs it."""

    def issue(self, paper: Paper) -> Outcome:
        """Ask for a tax invoice; a serial with other content than before is Refused as `serial_taken`."""
        ...

    def query(self, serial: str) -> Outcome:
        """Tell what became of a serial."""
        ...

    def apply_red(self, paper: Paper) -> RedOutcome:
        """Ask for a red confirmation; the serial is that of the round."""
        ...

    def query_red(self, reference: str) -> RedOutcome:
        """Tell where a red confirmation stands: by its number where we know it, else by our serial."""
        ...

    def confirm_red(self, number: str, paper: Paper) -> RedOutcome:
        """Confirm the red confirmation that the buyer began, if it is over this; repeated without effect."""
        ...

    def cancel_red(self, number: str) -> RedOutcome:
        """Withdraw a red confirmation that is not used; repeated without effect."""
        ...

    def download(self, number: str, form: Format) -> bytes | None:
        """Return a file of what was issued, always the same bytes, or None while it is not ready."""
        ...
