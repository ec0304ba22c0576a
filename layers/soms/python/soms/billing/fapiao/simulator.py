"""A simulated tax platform: it behaves like the real one, keeps its books beside ours, and issues nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from pydantic import TypeAdapter

from soms.billing.fapiao import content, simulated
from soms.billing.fapiao import simulated_books as books
from soms.billing.fapiao.model import CURRENCY, Format
from soms.billing.fapiao.port import (
    Absent,
    Accepted,
    Confirmation,
    Issued,
    Outcome,
    Paper,
    RedOutcome,
    Refused,
    Standing,
)
from soms.customers import taxid
from soms.kit import clock, items, money
from soms.kit.writes import Held, Writes, decide

CREDIT: Final = Decimal(10_000_000)
"""How much may be issued in a month (授信额度), without tax, unless told otherwise."""
PATIENCE: Final = timedelta(hours=72)
LOOKS: Final = 2
"""A buyer who is to confirm does so when he is looked at for the second time."""
REJECTED, REFUSING, SILENT = "SIM-REJECT", "SIM-REFUSE", "SIM-SILENT"
"""Words in a buyer's title: unknown to the platform; refuses red confirmations; never answers them."""
ZERO: Final = Decimal(0)
_PAPER: Final = TypeAdapter(Paper)


class Simulator:
    """The simulated platform, by a clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Let the platform go by this clock."""
        self._clock = now

    @property
    def now(self) -> datetime:
        """The time on the platform."""
        return self._clock()

    def issue(self, paper: Paper) -> Outcome:
        """Take a request; it is issued when it is asked about."""
        return books.troubled("issue", lambda: decide(lambda: self._take(paper)))

    def query(self, serial: str) -> Outcome:
        """Tell what became of a serial; what was accepted is issued now."""
        return books.troubled("query", lambda: decide(lambda: self._issued(serial)))

    def apply_red(self, paper: Paper) -> RedOutcome:
        """Begin a red confirmation; of a general one it needs no buyer."""
        return books.troubled("apply_red", lambda: decide(lambda: self._begin(paper, "seller")))

    def query_red(self, reference: str) -> RedOutcome:
        """Tell where a red confirmation stands; buyers act, and 72 hours pass, when it is asked about."""
        return books.troubled("query_red", lambda: decide(lambda: self._looked_at(reference)))

    def confirm_red(self, number: str, paper: Paper) -> RedOutcome:
        """Confirm what the buyer began."""
        return books.troubled("confirm_red", lambda: decide(lambda: self._confirm(number, paper)))

    def cancel_red(self, number: str) -> RedOutcome:
        """Withdraw a red confirmation that is not used."""
        return books.troubled("cancel_red", lambda: decide(lambda: self._end(number, "withdrawn")))

    def download(self, number: str, form: Format) -> bytes | None:
        """Return a file that says that it is simulated."""
        serial = books.serial_of(number)
        held = books.get(f"paper#{serial}") if serial else None
        return simulated.file(form, held, _PAPER.validate_python(held["paper"])) if held else None

    def buyer_begins(self, paper: Paper) -> RedOutcome:
        """Play the buyer, who begins a red confirmation of its own."""
        return decide(lambda: self._begin(paper, "buyer"))

    def buyer_decides(self, number: str, standing: Standing) -> RedOutcome:
        """Play the buyer, who confirms or refuses."""
        return decide(lambda: self._end(number, standing))

    def _take(self, paper: Paper) -> Outcome:
        name, said = f"paper#{paper.serial}", _PAPER.dump_python(paper, mode="json", exclude_none=True)
        held, book = books.get(name), books.get("book")
        if held:
            same = held["digest"] == books.digest(said)
            return _outcome(held) if same else Refused("serial_taken", "流水号已用于其他内容")
        used = self._used(book) + paper.net
        writes = Writes()
        refusal = _paper_refusal(paper, used, book) or self._red_refusal(writes, paper)
        if refusal:
            return refusal
        books.put(writes, name, {"paper": said, "digest": books.digest(said), "state": "accepted"}, held)
        books.put(writes, "book", (book or {}) | {"used": used, "month": self._month}, book)
        writes.commit()
        return Accepted()

    def _issued(self, serial: str) -> Outcome:
        name = f"paper#{serial}"
        held, book = books.get(name), books.get("book") or {}
        if held is None:
            return Absent()
        if held["state"] == "issued":
            return _outcome(held)
        number = self._number(book)
        writes = Writes()
        issued = held | {"state": "issued", "number": number, "issued_at": clock.stamp(self.now)}
        books.put(writes, name, issued, held)
        books.put(writes, "book", book | {"last": int(str(book.get("last", 0))) + 1}, book or None)
        books.put(writes, f"number#{number}", {"serial": serial}, None)
        writes.commit()
        return _outcome(issued)

    def _begin(self, paper: Paper, side: str) -> RedOutcome:
        name, book = f"red#{paper.serial}", books.get("book") or {}
        held, blue = books.get(name), _blue(paper)
        if held:
            return _confirmation(held)
        if blue is None or _left(blue) + paper.total < ZERO:
            return Refused("red_exceeds_blue", "红字金额超过蓝字发票余额")
        number, open_ = self._number(book), paper.type == "special" or side == "buyer"
        begun = {
            "number": number,
            "side": side,
            "standing": "open" if open_ else "confirmed",
            "begun_at": clock.stamp(self.now),
            "blue_number": paper.blue_number,
            "title": paper.title,
            "total": paper.total,
            "looks": 0,
        }
        writes = Writes()
        books.put(writes, name, begun, None)
        books.put(writes, "book", book | {"last": int(str(book.get("last", 0))) + 1}, book or None)
        books.put(writes, f"number#{number}", {"serial": paper.serial}, None)
        writes.commit()
        return _confirmation(begun)

    def _looked_at(self, reference: str) -> RedOutcome:
        name = f"red#{books.serial_of(reference) or reference}"
        held = books.get(name)
        if held is None:
            return Absent()
        looks, standing = int(str(held["looks"])) + 1, str(held["standing"])
        if standing != "open" or held["side"] == "buyer":
            return _confirmation(held)
        title = str(held["title"])
        if self.now - datetime.fromisoformat(str(held["begun_at"])) >= PATIENCE:
            standing = "lapsed"
        elif looks >= LOOKS and SILENT not in title:
            standing = "refused" if REFUSING in title else "confirmed"
        return _changed(name, held, standing=standing, looks=looks)

    def _confirm(self, number: str, paper: Paper) -> RedOutcome:
        name = f"red#{books.serial_of(number)}"
        held = books.get(name)
        if held is None or held["side"] != "buyer" or held["blue_number"] != paper.blue_number:
            return Refused("confirmation_unknown", "红字确认单不存在")
        if held["total"] != paper.total:
            return Refused("confirmation_differs", "红字确认单金额不符")
        open_ = held["standing"] == "open"
        return _changed(name, held, standing="confirmed") if open_ else _confirmation(held)

    def _end(self, number: str, standing: Standing) -> RedOutcome:
        name = f"red#{books.serial_of(number)}"
        held = books.get(name)
        if held is None or held.get("used"):
            return Refused("confirmation_used", "红字确认单不存在或已使用")
        ended = held["standing"] in {"refused", "withdrawn", "lapsed"}
        return _confirmation(held) if ended else _changed(name, held, standing=standing)

    def _red_refusal(self, writes: Writes, paper: Paper) -> Refused | None:
        """Use up the confirmation of a red one and take it off its blue one, or say why not."""
        if paper.kind == "blue":
            return None
        name = f"red#{books.serial_of(paper.confirmation_number or '')}"
        held, blue = books.get(name), _blue(paper)
        if held is None or held["standing"] != "confirmed" or held.get("used"):
            return Refused("confirmation_not_valid", "红字确认单未确认、已使用或已作废")
        if held["total"] != paper.total or held["blue_number"] != paper.blue_number:
            return Refused("confirmation_differs", "红字确认单金额不符")
        if blue is None or _left(blue) + paper.total < ZERO:
            return Refused("red_exceeds_blue", "红字金额超过蓝字发票余额")
        taken = Decimal(str(blue.get("reversed", 0))) - paper.total
        books.put(writes, name, held | {"used": True}, held)
        serial = books.serial_of(paper.blue_number or "")
        books.put(writes, f"paper#{serial}", blue | {"reversed": taken}, blue)
        return None

    @property
    def _month(self) -> str:
        return f"{self.now:%Y-%m}"

    def _used(self, book: Held) -> Decimal:
        mine = book is not None and book.get("month") == self._month
        return Decimal(str(book["used"])) if book and mine else ZERO

    def _number(self, book: Mapping[str, object]) -> str:
        """Return the next number: year, a region that is none (00), a channel that is none (0), a count."""
        return f"{self.now:%y}000{int(str(book.get('last', 0))) + 1:015d}"


def _paper_refusal(paper: Paper, used: Decimal, book: Held) -> Refused | None:
    """Return why the platform does not take a request as it is, if so."""
    if not taxid.is_plausible(paper.seller_tax_id, "CN"):
        return Refused("seller_tax_id", "销售方纳税人识别号错误")
    if REJECTED in paper.title or (paper.tax_id and not taxid.is_plausible(paper.tax_id, "CN")):
        return Refused("buyer_tax_id", "购买方纳税人识别号错误")
    if paper.type == "special" and not paper.tax_id:
        return Refused("buyer_tax_id", "专用发票须填写购买方纳税人识别号")
    wrong = content.differences(paper.lines, net=paper.net, tax=paper.tax, total=paper.total)
    if wrong:
        return Refused(wrong[0].code, wrong[0].words[1])
    credit = Decimal(str((book or {}).get("credit", CREDIT)))
    if paper.kind == "blue" and used > credit:
        return Refused("credit_exceeded", "超过发票总额度（授信额度）")
    return None


def _outcome(held: items.Item) -> Outcome:
    if held["state"] != "issued":
        return Accepted()
    paper = _PAPER.validate_python(held["paper"])
    number, at = str(held["number"]), str(held["issued_at"])
    return Issued(number=number, issued_at=at, type=paper.type, title=paper.title, tax_id=paper.tax_id)


def _confirmation(held: Mapping[str, object]) -> Confirmation:
    standing: Standing = held["standing"]  # type: ignore[assignment] # as it was written here
    return Confirmation(str(held["number"]), standing)


def _changed(name: str, held: items.Item, **changes: object) -> Confirmation:
    writes = Writes()
    books.put(writes, name, held | changes, held)
    writes.commit()
    return _confirmation(held | changes)


def _blue(paper: Paper) -> Held:
    serial = books.serial_of(paper.blue_number or "")
    return books.get(f"paper#{serial}") if serial else None


def _left(blue: items.Item) -> Decimal:
    whole = _PAPER.validate_python(blue["paper"]).total
    return money.rounded(whole - Decimal(str(blue.get("reversed", 0))), CURRENCY)
