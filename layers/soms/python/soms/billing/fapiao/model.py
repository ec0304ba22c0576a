"""A tax invoice (数电发票) of ours: the item that moves until the tax platform has issued it."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from soms.billing.model import File
from soms.catalog.model import TaxCode
from soms.kit import ids
from soms.kit.fields import Code, Frozen, Name, Request, Text, wrong

Kind = Literal["blue", "red"]
"""Blue (蓝字) bills, red (红字) takes back what a blue one billed."""
Type = Literal["special", "general"]
"""Special (专用) lets the buyer deduct the tax, general (普通) does not."""
State = Literal[
    "requested",
    "confirmation_applied",
    "confirmation_withdrawing",
    "confirmation_confirmed",
    "confirmation_refused",
    "confirmation_withdrawn",
    "submitted",
    "unknown",
    "rejected",
    "issued",
]
RedReason = Literal["error", "return", "ended", "allowance"]
"""Why a red one is asked for: 开票有误, 销货退回, 服务中止, 销售折让."""
Format = Literal["pdf", "ofd", "xml"]
FORMATS: Final[tuple[Format, ...]] = ("pdf", "ofd", "xml")
CURRENCY: Final = "CNY"
PREFIX: Final = "fap"

BuyerTaxId = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{6,20}$")]


class FapiaoRequest(Request):
    """For which invoice or credit note a tax invoice is wanted; type and buyer only for an invoice."""

    invoice_id: Code | None = None
    credit_note_id: Code | None = None
    type: Type | None = None
    title: Name | None = None
    tax_id: BuyerTaxId | None = None

    @model_validator(mode="after")
    def _one_document(self) -> "FapiaoRequest":
        if (self.invoice_id is None) == (self.credit_note_id is None):
            raise wrong("one_of", "invoice_id or credit_note_id, one of them", "须且只能给出发票或贷项之一")
        if self.credit_note_id and (self.type or self.title or self.tax_id):
            raise wrong("as_the_blue_one", "a red one is as its blue one", "红字发票以蓝字发票为准")
        return self


class SubmitRequest(Request):
    """What is corrected before it goes to the platform; nothing once a request may have arrived there."""

    type: Type | None = None
    title: Name | None = None
    tax_id: BuyerTaxId | None = None


class ApplyRequest(Request):
    """Why it is taken back (红字原因)."""

    reason: RedReason = "return"


class WithdrawRequest(Request):
    """Why the red confirmation is withdrawn, for the journal."""

    reason: Text | None = None


class ConfirmRequest(Request):
    """The red confirmation (红字确认单) that the buyer began, by the platform's number."""

    confirmation_number: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{6,40}$")]


class Trouble(Frozen):
    """What stood in the way last: the platform's code and words, and when we heard of it."""

    code: str
    text: str
    at: str


class Line(Frozen):
    """A line as the platform takes it: amounts without tax; of a red one all are negative.

    `relief` says why the rate is zero. A discount is a negative line of its own, without quantity and price,
    right behind the line it is of. `line` is the line of our document.
    """

    line: int
    sku: str
    name: str
    tax_code: TaxCode
    unit: str
    amount: Decimal
    rate: Decimal
    tax: Decimal
    quantity: int | None = None
    price: Decimal | None = None
    relief: Literal["export", "exempt", "outside", "zero"] | None = None
    discount: bool = False


class Content(Frozen):
    """What stays the same however often it is sent; written once, with the request."""

    seller: str
    seller_tax_id: str
    lines: tuple[Line, ...]


class Fapiao(Frozen):
    """A tax invoice and where it stands; amounts in CNY, of a red one what it takes back.

    `version` counts commands, `settled` all other writes. `attempts` counts how often it was sent,
    `confirmation_round` how often a red confirmation was begun, `confirmation_by` says by whom. `reds` is
    what red ones take of a blue one. `due_at` is when the sweep looks at it next, `looks` how often it did.
    """

    id: str
    version: int = 1
    settled: int = 0
    kind: Kind
    type: Type
    state: State = "requested"
    document_id: str
    document_number: str
    invoice_id: str
    blue_id: str | None = None
    blue_number: str | None = None
    buyer_id: str
    salesperson: str | None = None
    title: str
    tax_id: str | None = None
    currency: str = CURRENCY
    net: Decimal
    tax: Decimal
    total: Decimal
    number: str | None = None
    issued_at: str | None = None
    attempts: int = 0
    confirmation_round: int = 0
    red_reason: RedReason | None = None
    confirmation_by: Literal["seller", "buyer"] = "seller"
    confirmation_number: str | None = None
    trouble: Trouble | None = None
    files: dict[Format, File] = Field(default_factory=dict)
    reds: dict[str, Decimal] = Field(default_factory=dict)
    requested_at: str
    requested_by: str
    due_at: str | None = None
    looks: int = 0

    @property
    def serial(self) -> str:
        """Return the number under which the platform gets it, always the same one."""
        return self.id.removeprefix(f"{PREFIX}_")

    @property
    def confirmation_serial(self) -> str:
        """Return the number under which the platform gets the red confirmation of this round."""
        return f"{self.serial}{self.confirmation_round:02d}"

    @property
    def confirmation_reference(self) -> str:
        """Return by what the platform is asked for the red confirmation."""
        return self.confirmation_number or self.confirmation_serial

    @property
    def seq(self) -> int:
        """Return the number of its writes."""
        return self.version + self.settled

    @property
    def missing(self) -> tuple[Format, ...]:
        """Return the formats in which it was issued and that we do not keep yet."""
        return tuple(one for one in FORMATS if one not in self.files) if self.state == "issued" else ()


def fapiao_id(document_id: str) -> str:
    """Return the id of the one tax invoice that an invoice or credit note may have."""
    return ids.derived(PREFIX, document_id)
