"""The invariants of the books (domain, section 7): each counts what it looked at and names what is wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from soms.billing.documents.proof import proof
from soms.billing.model import DocumentKind
from soms.inventory.model import COUNTERS, Stock, StockItem
from soms.orders import effects, quantities, queue
from soms.orders.effects import Effect
from soms.reports import coming, ledger_checks, money_checks
from soms.reports.books import Books

EXAMPLES: Final = 20
ZERO: Final = Decimal(0)
Finding = tuple[int, list[str]]


@dataclass(frozen=True)
class Check:
    """One invariant: its number in the rules, its name, and how it is looked at."""

    number: str
    name: str
    name_zh: str
    look: Callable[[Books], Finding]


def report(books: Books) -> list[dict[str, object]]:
    """Return what every check counted and found."""
    found = []
    for check in CHECKS:
        counted, failures = check.look(books)
        found.append(
            {
                "check": check.number,
                "name": check.name,
                "name_zh": check.name_zh,
                "counted": counted,
                "failures": len(failures),
                "examples": failures[:EXAMPLES],
                "state": "failed" if failures else "ok",
            }
        )
    return found


def _where(stock: Stock) -> str:
    return f"{stock.sku}@{stock.warehouse}"


def _counters(books: Books) -> Finding:
    wrong = [
        f"{_where(one)}: on hand {one.on_hand}, reserved {one.reserved}, available {one.available}"
        for one in books.stock
        if one.available != one.on_hand - one.reserved
        or min(one.on_hand, one.reserved, one.available, one.incoming, one.backordered) < 0
    ]
    return len(books.stock), wrong


def _movements(books: Books) -> Finding:
    wrong, counted = [], 0
    for stock in books.stock:
        rows = books.movements.get((stock.sku, stock.warehouse), [])
        counted += len(rows)
        seqs = {int(str(row["seq"])) for row in rows}
        missing = set(range(1, stock.seq + 1)) - seqs
        if missing:
            wrong.append(f"{_where(stock)}: no movement {sorted(missing)[:5]} of {stock.seq}")
            continue
        for name in COUNTERS:
            total = sum(int(delta.get(name, 0)) for row in rows if isinstance(delta := row["delta"], Mapping))
            if total != getattr(stock, name):
                wrong.append(f"{_where(stock)}: {name} is {getattr(stock, name)}, movements make {total}")
    return counted, wrong


def _reserved(books: Books) -> Finding:
    wanted: dict[str, int] = {}
    for order in books.orders.values():
        for line in order.lines:
            if line.reserved:
                name = f"{line.sku}@{line.warehouse}"
                wanted[name] = wanted.get(name, 0) + line.reserved
    for effect in _pending(books):
        wanted[str(effect.item)] = wanted.get(str(effect.item), 0) + effect.released
    held = {_where(one): one.reserved for one in books.stock}
    wrong = [
        f"{name}: reserved {held.get(name, 0)}, orders hold {wanted.get(name, 0)}"
        for name in sorted(held.keys() | wanted.keys())
        if held.get(name, 0) != wanted.get(name, 0)
    ]
    return len(held), wrong


def _pending(books: Books) -> Iterable[Effect]:
    """Yield what orders mean for stock and has not reached it yet."""
    for entry in books.entries.values():
        told = entry.get("effects")
        if isinstance(told, Mapping) and effects.mark_of(str(entry["id"])) not in books.entries:
            yield from effects.told(told)


def _waiting(books: Books) -> Finding:
    """Look at what waits, as orders, queue and stock items tell it; what is on its way is counted in."""
    ordered: dict[tuple[str, str, int], int] = {}
    due: dict[str, int] = {}
    for order in (one for one in books.orders.values() if one.is_binding):
        for line in order.lines:
            if line.backordered:
                name = f"{line.sku}@{line.site}"
                ordered[name, order.id, line.line] = line.backordered
                due[name] = due.get(name, 0) + line.backordered
    queued: dict[tuple[str, str, int], int] = {}
    for one in books.queued:
        # While a change is on its way, a line may have units at two places.
        where = str(one.item), one.order_id, one.line
        queued[where] = queued.get(where, 0) + one.quantity
    counted = {_where(one): one.backordered for one in books.stock}
    for effect in _pending(books):
        for place, units in effect.queued.items():
            entry = queue.entry_of(effect.item, place, None)
            where = str(effect.item), entry.order_id, entry.line
            queued[where] = queued.get(where, 0) + units
            counted[where[0]] = counted.get(where[0], 0) + units
    wrong = [
        f"{item}: line {line} of {order} waits for {ordered.get((item, order, line), 0)}, {units} are queued"
        for item, order, line in sorted(ordered.keys() | queued.keys())
        if (units := queued.get((item, order, line), 0)) != ordered.get((item, order, line), 0)
    ]
    wrong += [
        f"{item}: back-ordered {counted.get(item, 0)}, orders wait for {due.get(item, 0)}"
        for item in sorted(counted.keys() | due.keys())
        if counted.get(item, 0) != due.get(item, 0)
    ]
    return len(ordered), wrong


def _orders(books: Books) -> Finding:
    wrong = []
    for order in books.orders.values():
        try:
            quantities.check(order)
        except ArithmeticError as error:
            wrong.append(str(error))
    return len(books.orders), wrong


def _billed(books: Books) -> Finding:
    """Look whether units and amounts of each order's documents are those that are to be billed of it."""
    wrong, units, amounts = [], *_documented(books)
    for order in (one for one in books.orders.values() if one.is_binding):
        billing = books.billings.get(order.id)
        if billing is None or billing.last_version != order.version:
            at = billing.last_version if billing else 0
            wrong.append(f"{order.number}: version {order.version}, billed up to {at}")
            continue
        wanted = {line.line: quantities.target(line, order.invoice_policy) for line in order.lines}
        have = {line: billing.billed(line) for line in wanted}
        if wanted != have:
            wrong.append(f"{order.number}: to be billed {wanted}, billed {have}")
        told = {line: units.get((order.id, line), 0) for line in wanted}
        if told != have:
            wrong.append(f"{order.number}: documents bill {told}, billed {have}")
        worth = sum((quantities.value(line, wanted[line.line]) for line in order.lines), ZERO)
        if worth != amounts.get(order.id, ZERO):
            wrong.append(f"{order.number}: documents make {amounts.get(order.id, ZERO)}, it is worth {worth}")
        named = set(billing.invoices + billing.credit_notes)
        issued = {one for one in named if one in books.documents}
        if named != issued:
            wrong.append(f"{order.number}: without document {sorted(named - issued)}")
    owned = {name for one in books.billings.values() for name in one.invoices + one.credit_notes}
    wrong += [f"{books.documents[name].number}: of no order" for name in books.documents.keys() - owned]
    return len(books.orders), wrong


def _documented(books: Books) -> tuple[dict[tuple[str, int], int], dict[str, Decimal]]:
    """Return what invoices less credit notes bill: units by order and line, amounts with tax by order."""
    units: dict[tuple[str, int], int] = {}
    amounts: dict[str, Decimal] = {}
    for document in books.documents.values():
        sign = 1 if document.kind is DocumentKind.INVOICE else -1
        amounts[document.order_id] = amounts.get(document.order_id, ZERO) + sign * document.total
        for line in document.lines:
            place = document.order_id, line.line
            units[place] = units.get(place, 0) + sign * line.quantity
    return units, amounts


def _series(books: Books) -> Finding:
    wrong, counted = [], 0
    for series in books.series:
        of_series = [one for one in books.documents.values() if one.series == series.id]
        numbers = sorted((one.ordinal, one.number, one.issued_on) for one in of_series)
        found = proof(series.id, numbers)
        counted += len(numbers)
        bad = {name: found[name] for name in ("missing", "repeated", "out_of_order") if found[name]}
        if bad or len(numbers) != series.last:
            wrong.append(f"{series.id}: {len(numbers)} documents, last number {series.last}, {bad}")
    return counted, wrong


def _files(books: Books) -> Finding:
    wanted = [(document, part) for document in books.documents.values() for part in ("pdf", "xml")]
    printed = [(paper, "pdf") for paper in books.papers.values()]
    wrong = [f"{one.number}: no {part}" for one, part in wanted if (one.id, part) not in books.files]
    wrong += [f"{one.number}: no {part}" for one, part in printed if (one.id, part) not in books.files]
    return len(books.files), wrong


def _applied(books: Books) -> Finding:
    told = [entry for entry in books.entries.values() if entry.get("effects")]
    wrong = [
        f"{entry['event']} {entry['id']}: stock does not know"
        for entry in told
        if effects.mark_of(str(entry["id"])) not in books.entries
    ]
    return len(books.entries), wrong


def _arithmetic(books: Books) -> Finding:
    wrong = []
    for document in books.documents.values():
        net = sum((line.net for line in document.lines), ZERO)
        taxes = sum((line.tax for line in document.lines), ZERO)
        groups = sum((group.tax for group in document.tax_groups), ZERO)
        if (net, taxes, net + taxes) != (document.net, document.tax, document.total) or taxes != groups:
            wrong.append(f"{document.number}: lines {net} + {taxes}, total {document.total}")
    return len(books.documents), wrong


def _figures(books: Books) -> Finding:
    shards: dict[StockItem, list[Stock]] = {}
    for stock in books.stock:
        shards.setdefault(stock.item.whole, []).append(stock)
    held = {(item.sku, item.warehouse): one.with_shards(more) for item, (one, *more) in shards.items()}
    wrong = []
    for one in books.figures:
        where, there = f"{one.sku}@{one.warehouse}", held.get((one.sku, one.warehouse))
        if one.value < 0 or (not one.units and one.value):
            wrong.append(f"{where}: {one.units} units are worth {one.value}")
        if there is None or one.seq > there.seq:
            wrong.append(f"{where}: figures up to movement {one.seq}, there are {there.seq if there else 0}")
        elif one.seq == there.seq and one.units != there.on_hand:
            wrong.append(f"{where}: figures of {one.units} units, on hand {there.on_hand}")
    return len(books.figures), wrong


def _names(rows: Iterable[tuple[str, str, str, Callable[[Books], Finding]]]) -> tuple[Check, ...]:
    return tuple(Check(*row) for row in rows)


CHECKS: Final = _names(
    (
        (
            "1",
            "available = on hand − reserved, nothing below zero",
            "可用 = 在手 − 占用，且均不为负",
            _counters,
        ),
        ("2", "counters = sum of movements, without gaps", "库存数 = 流水合计，且无缺号", _movements),
        ("3", "reserved = what open orders hold", "占用 = 未完订单占用合计", _reserved),
        ("3b", "back-ordered = what orders wait for", "缺货待补 = 订单等待合计", _waiting),
        ("4", "the lines of every order add up", "订单行数量与金额恒等", _orders),
        ("5", "every document balances", "每张单据借贷平衡", money_checks.balance),
        ("6a", "receivables = open items", "应收账款 = 未清项合计", money_checks.receivables),
        ("6b", "exposure and credit = their recomputation", "信用占用与可用额度可复算", money_checks.credit),
        ("7", "payment = applied + refunded + left", "收款 = 核销 + 退款 + 未核销", money_checks.payments),
        ("7b", "bank = matched bank lines", "银行存款 = 已对账流水合计", money_checks.bank),
        ("8", "every order has exactly its invoices", "每张订单开票恰好一次", _billed),
        ("9", "series run 1..n, days in order", "编号连续无重号，日期不倒退", _series),
        ("10", "every document has its files", "每张单据文件齐全", _files),
        ("11", "every effect reached the stock", "每个后续影响均已入库存", _applied),
        ("12", "ledger and totals = what documents post", "总账与合计 = 单据过账", ledger_checks.look),
        ("13", "document arithmetic holds", "单据金额恒等", _arithmetic),
        ("14", "incoming = what is on its way", "在途 = 各单据在途合计", coming.look),
        ("15", "figures = on hand, no value without units", "库存数据 = 在手，无货则无值", _figures),
    )
)
