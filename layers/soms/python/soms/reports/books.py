"""Everything there is, read in segments: only jobs that must see all of it come here, never a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from soms.billing.balances import open_item_of, payment_of
from soms.billing.bank import bank_lines
from soms.billing.bank.bank_line import BankLine
from soms.billing.cash.payment import Payment
from soms.billing.model import Document, OpenItem, OrderBilling, Series
from soms.billing.paper.printed import Paper
from soms.billing.store import PAPER
from soms.billing.voucher import Voucher
from soms.customers.model import Account, Customer
from soms.customers.store import ALIAS
from soms.inventory import figures
from soms.inventory.folding import Figures
from soms.inventory.model import Stock, StockItem
from soms.inventory.purchase import PurchaseOrder
from soms.inventory.transit import Transfer
from soms.kit import aws, items, settings
from soms.kit.settings import Setting
from soms.orders import queue
from soms.orders.model import Order
from soms.orders.queue import Entry


@dataclass
class Books:
    """All items of the books, by kind."""

    stock: list[Stock] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    billings: dict[str, OrderBilling] = field(default_factory=dict)
    open_items: dict[str, OpenItem] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    vouchers: dict[str, Voucher] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    bank_lines: list[BankLine] = field(default_factory=list)
    papers: dict[str, Paper] = field(default_factory=dict)
    files: dict[tuple[str, str], items.Item] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    movements: dict[tuple[str, str], list[items.Item]] = field(default_factory=dict)
    incoming: dict[tuple[str, str], int] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    purchases: dict[str, PurchaseOrder] = field(default_factory=dict)
    entries: dict[str, items.Item] = field(default_factory=dict)
    queued: list[Entry] = field(default_factory=list)
    ledger: list[items.Item] = field(default_factory=list)


def scan(table: Setting) -> Iterable[items.Item]:
    """Yield every item of a table, page after page."""
    request: dict[str, object] = {"TableName": settings.get(table), "ConsistentRead": True}
    while True:
        asked = dict(request)
        # Bound as a default, so that the loop cannot change it; mypy cannot type such a lambda.
        answer = aws.read(lambda asked=asked: aws.dynamodb().scan(**asked))  # type: ignore[misc]
        for row in answer["Items"]:
            yield items.decode(row)
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def read() -> Books:
    """Read the books; what is written meanwhile may be seen in part, so a finding is looked at twice."""
    books = Books()
    for table, keep in _KEEPERS.items():
        for row in scan(table):
            keep(books, row)
    return books


def _movement(books: Books, row: items.Item) -> None:
    books.movements.setdefault((str(row["sku"]), str(row["warehouse"])), []).append(row)


def _stock(books: Books, row: items.Item) -> None:
    kind = row.get("kind")
    if kind == "stock":
        books.stock.append(Stock.model_validate(row))
    elif kind == "queued":
        item = StockItem.named(str(row["pk"]).removeprefix("queue#"))
        books.queued.append(queue.entry_of(item, str(row["sk"]), row))
    elif kind == "figures":
        books.figures.append(figures.shown(row))
    elif kind == "incoming":
        place = str(row["pk"]).removeprefix("incoming#"), str(row["source"])
        books.incoming[place] = books.incoming.get(place, 0) + int(str(row["quantity"]))
    elif kind == "purchase_order":
        books.purchases[str(row["pk"])] = PurchaseOrder.model_validate(row)
    elif kind == "transfer":
        books.transfers[str(row["pk"])] = Transfer.model_validate(row)


def _order(books: Books, row: items.Item) -> None:
    if row.get("kind") == "order":
        books.orders[str(row["pk"])] = Order.model_validate(row)


def _document(books: Books, row: items.Item) -> None:
    if row["part"] == "document":
        books.documents[str(row["id"])] = Document.model_validate(row)
    elif row["part"] == "voucher":
        books.vouchers[str(row["id"])] = Voucher.model_validate(row)
    elif row["part"] == PAPER:
        books.papers[str(row["id"])] = Paper.model_validate(row)
    else:
        books.files[str(row["id"]), str(row["part"])] = row


def _entry(books: Books, row: items.Item) -> None:
    books.entries[str(row["id"])] = row


def _ledger(books: Books, row: items.Item) -> None:
    books.ledger.append(row)


def _billing(books: Books, row: Mapping[str, object]) -> None:
    kind = row.get("kind")
    if kind == "order_billing":
        books.billings[str(row["pk"])] = OrderBilling.model_validate(row)
    elif kind == "open_item":
        books.open_items[str(row["pk"])] = open_item_of(dict(row))
    elif kind == "payment" and (payment := payment_of(dict(row))):
        books.payments[payment.id] = payment
    elif kind == "bank_line":
        books.bank_lines.append(bank_lines.of(dict(row)))
    elif kind == "series":
        books.series.append(Series.model_validate(row))


def _customer(books: Books, row: Mapping[str, object]) -> None:
    if row["sk"] == "customer" and row.get("type") != ALIAS:
        books.customers[str(row["pk"])] = Customer.model_validate(row)
    elif row["sk"] == "account":
        books.accounts[str(row["pk"])] = Account.model_validate(row)


_KEEPERS = {
    Setting.MOVEMENTS: _movement,
    Setting.INVENTORY: _stock,
    Setting.ORDERS: _order,
    Setting.BILLING: _billing,
    Setting.DOCUMENTS: _document,
    Setting.LEDGER: _ledger,
    Setting.CUSTOMERS: _customer,
    Setting.JOURNAL: _entry,
}
