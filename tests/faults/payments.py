"""What is done with money under faults."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from soms.billing import balances
from soms.customers import store as customers
from soms.kit import aws, journal
from soms.kit.settings import Setting

from tests.faults.stories import Found, Plot, Story
from tests.world import Answer, World

CLERK: dict[str, Any] = {"as_": "finance", "name": "clerk"}
MANAGER: dict[str, Any] = {"as_": "finance_manager", "name": "manager"}
NOTHING: Mapping[str, Any] = {}
Step = Callable[[World, str, Found, Found], Answer]
"""Does one thing under a key to an invoice of 100.00 and to what was prepared for it."""
Prepared = Callable[[World, str, Found], Found]


def known(world: World, customer: str) -> Found:
    """Return all that is known of a customer's money that does not depend on when and under which ids."""
    account = customers.account(customer)
    (invoice,) = world.call("GET", f"/v1/invoices?customer_id={customer}").body["data"]
    order = world.call("GET", f"/v1/orders/{invoice['order_id']}").body
    paid = world.call("GET", f"/v1/payments?customer_id={customer}").body["data"]
    back = world.call("GET", f"/v1/refunds?customer_id={customer}").body["data"]
    names = [f"payment#{one['id']}" for one in paid] + [f"refund#{one['id']}" for one in back]
    names.append(f"open_item#{invoice['id']}")
    filed = aws.query(Setting.DOCUMENTS, "customer_id = :c", {":c": customer}, index="by_customer")
    return {
        "owes": str(account.exposure) if account else None,
        "left": str(account.credit_available) if account else None,
        "invoice": [invoice[name] for name in ("status", "open", "paid", "written_off")],
        "settled": [(one["kind"], one["amount"]) for one in invoice["allocations"]],
        "order": [order[name] for name in ("payment", "paid", "refunded", "written_off")],
        "payments": sorted(
            (one["method"], one["amount"], one["unapplied"], one["refunded"], one["status"]) for one in paid
        ),
        "refunds": [(one["status"], one["amount"], len(one["parts"])) for one in back],
        "vouchers": sorted(Counter(str(one["kind"]) for one in filed).items()),
        "events": sorted(str(one["event"]) for name in names for one in journal.of_aggregate(name)),
        "lists": (len(balances.owing(customer, limit=9)), len(balances.unapplied(customer, "CNY", limit=9))),
    }


def _plot(title: str, step: Step, prepared: Prepared | None = None, **expected: object) -> Plot:
    """Let a step be done to an invoice of 100.00 once what it is done to is prepared."""

    def make(world: World, name: str) -> Callable[[], Story]:
        sku = world.product(name, "100.00", tax_rate="0", stocked=False)
        customer = world.customer(credit_limit="1000.00")
        order = world.order(customer, (sku, 1))
        assert order.status == 201, order.text

        def begin() -> Story:
            (invoice,) = world.call("GET", f"/v1/invoices?customer_id={customer}").body["data"]
            ready = prepared(world, name, invoice) if prepared else dict[str, Any]()
            return Story(lambda: step(world, name, invoice, ready), lambda: known(world, customer))

        return begin

    return Plot(title, make, {"letters": False, **expected})


def _paid(amount: str, **more: Any) -> Prepared:
    def prepared(world: World, name: str, invoice: Found) -> Found:
        answer = _pay(world, f"{name}-before", {"customer_id": invoice["customer_id"], "amount": amount, **more})
        assert answer.status == 201, answer.text
        found: Found = answer.body
        return found

    return prepared


def _pay(world: World, name: str, body: Mapping[str, Any]) -> Answer:
    whole = {"currency": "CNY", "method": "cheque", "reference": name, **body}
    return world.call("POST", "/v1/payments", whole, key=name, **CLERK)


def _come_in(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    return _pay(world, name, {"invoice_id": invoice["id"], "amount": "120.00"})


def _come_short(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    lost = {"amount": "0.03", "reason": "rounding"}
    named = [{"invoice_id": invoice["id"], "amount": "99.97", "write_off": lost}]
    body = {"customer_id": invoice["customer_id"], "amount": "99.97", "allocations": named}
    whole = {"currency": "CNY", "method": "cheque", "reference": name, **body}
    return world.call("POST", "/v1/payments", whole, key=name, **MANAGER)


def _use(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    body = {"invoice_id": invoice["id"], "amount": "50.00", "method": "customer_credit"}
    return _pay(world, name, body)


def _do(command: str, body: Mapping[str, Any], who: Mapping[str, Any] = CLERK) -> Step:
    """Give a command to what was prepared; `{name}` in a text of the body stands for the story."""

    def step(world: World, name: str, _invoice: Found, ready: Found) -> Answer:
        said = {one: text.format(name=name) if isinstance(text, str) else text for one, text in body.items()}
        path = command.format(id=ready["id"])
        return world.call("POST", path, said, key=name, **who)

    return step


def _take_back(world: World, name: str, invoice: Found, ready: Found) -> Answer:
    body = {"reverse": [{"invoice_id": invoice["id"], "amount": "15.00"}]}
    return world.call("POST", f"/v1/payments/{ready['id']}/allocations", body, key=name, **CLERK)


def _refund_all(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    body = {"customer_id": invoice["customer_id"], "amount": "70.00", "currency": "CNY"}
    body |= {"reason": "all of it", "reference": name}
    return world.call("POST", "/v1/refunds", body, key=name, **CLERK)


def _twice(world: World, name: str, invoice: Found) -> Found:
    _paid("30.00", allocations="none", received_on="2026-01-01")(world, f"{name}-1", invoice)
    return _paid("50.00", allocations="none", received_on="2026-01-02")(world, f"{name}-2", invoice)


def _asked(world: World, name: str, invoice: Found) -> Found:
    settings = {"refund_approval_above": "10.00"}
    assert world.call("PUT", "/v1/settings", settings).status == 200
    payment = _paid("50.00", allocations="none")(world, name, invoice)
    body = {"amount": "40.00", "reason": "twice", "reference": f"{name}-back"}
    asked = world.call("POST", f"/v1/payments/{payment['id']}/refunds", body, **CLERK)
    assert asked.body["status"] == "requested", asked.text
    assert world.call("PUT", "/v1/settings", {}).status == 200
    found: Found = asked.body
    return found


def _write_off(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    body = {"amount": "30.00", "reason": "bad_debt"}
    return world.call("POST", f"/v1/invoices/{invoice['id']}/write-offs", body, key=name, **MANAGER)


def _written_off(world: World, name: str, invoice: Found) -> Found:
    answer = _write_off(world, f"{name}-before", invoice, {})
    assert answer.status == 201, answer.text
    found: Found = answer.body
    return found


def _instalments(world: World, name: str, invoice: Found, _ready: Found) -> Answer:
    parts = [{"due_on": "2099-01-01", "amount": "40.00"}, {"due_on": "2099-02-01", "amount": "60.00"}]
    path, headers = f"/v1/invoices/{invoice['id']}/instalments", {"Idempotency-Key": name}
    return world.call("PUT", path, {"instalments": parts}, headers=headers, **CLERK)


REFUND = {"amount": "20.00", "reason": "twice", "reference": "{name}"}
PAYMENTS = (
    _plot(
        "pay",
        _come_in,
        owes="-20.00",
        invoice=["paid", "0.00", "100.00", "0.00"],
        order=["paid", "100.00", "0.00", "0.00"],
        payments=[("cheque", "120.00", "20.00", "0.00", "received")],
        lists=(0, 1),
    ),
    _plot(
        "come-short",
        _come_short,
        owes="0.00",
        invoice=["paid", "0.00", "99.97", "0.03"],
        order=["paid", "99.97", "0.00", "0.03"],
        vouchers=[("allocation", 1), ("invoice", 1), ("payment", 1), ("write_off", 1)],
    ),
    _plot(
        "allocate",
        _do("/v1/payments/{id}/allocations", {"mode": "auto"}),
        _paid("40.00", allocations="none"),
        owes="60.00",
        invoice=["open", "60.00", "40.00", "0.00"],
        events=["payment.allocated", "payment.received"],
    ),
    _plot(
        "take-back",
        _take_back,
        _paid("40.00"),
        owes="60.00",
        invoice=["open", "75.00", "25.00", "0.00"],
        events=["payment.received", "payment.unallocated"],
    ),
    _plot(
        "refund",
        _do("/v1/payments/{id}/refunds", REFUND),
        _paid("120.00"),
        owes="0.00",
        payments=[("cheque", "120.00", "0.00", "20.00", "received")],
        refunds=[("done", "20.00", 1)],
    ),
    _plot(
        "refund-all",
        _refund_all,
        _twice,
        owes="90.00",
        refunds=[("done", "70.00", 2)],
        vouchers=[("invoice", 1), ("payment", 2), ("refund", 2)],
    ),
    _plot(
        "approve",
        _do("/v1/refunds/{id}/approve", NOTHING, MANAGER),
        _asked,
        owes="90.00",
        payments=[("cheque", "50.00", "10.00", "40.00", "received")],
        refunds=[("done", "40.00", 1)],
    ),
    _plot(
        "reject-refund",
        _do("/v1/refunds/{id}/reject", NOTHING, MANAGER),
        _asked,
        owes="50.00",
        refunds=[("rejected", "40.00", 1)],
    ),
    _plot(
        "bounce",
        _do("/v1/payments/{id}/bounce", {"reason": "no funds"}),
        _paid("120.00"),
        owes="100.00",
        invoice=["open", "100.00", "0.00", "0.00"],
        payments=[("cheque", "120.00", "0.00", "0.00", "bounced")],
    ),
    _plot(
        "write-off",
        _write_off,
        owes="70.00",
        invoice=["open", "70.00", "0.00", "30.00"],
        events=["write_off.made"],
    ),
    _plot(
        "owe-again",
        _do("/v1/write-offs/{id}/reverse", NOTHING, MANAGER),
        _written_off,
        owes="100.00",
        invoice=["open", "100.00", "0.00", "0.00"],
        events=["write_off.made", "write_off.reversed"],
    ),
    _plot("plan", _instalments, owes="100.00", events=["invoice.planned"]),
    _plot(
        "use-credit",
        _use,
        _twice,
        owes="20.00",
        invoice=["open", "50.00", "50.00", "0.00"],
        lists=(1, 1),
        payments=[
            ("cheque", "30.00", "0.00", "0.00", "received"),
            ("cheque", "50.00", "30.00", "0.00", "received"),
            ("customer_credit", "50.00", "0.00", "0.00", "applied"),
        ],
        vouchers=[("allocation", 1), ("invoice", 1), ("payment", 2)],
    ),
)
