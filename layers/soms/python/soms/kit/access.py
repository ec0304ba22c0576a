"""Who may: the one table of routes and groups, and the claims of a verified token."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from soms.kit import ids
from soms.kit.problems import Forbidden, NotFound, Unauthorized


class Group(StrEnum):
    """The groups of the user pool; machine clients carry scopes of the same names."""

    ADMIN = "admin"
    SALES = "sales"
    SALES_MANAGER = "sales_manager"
    WAREHOUSE = "warehouse"
    PURCHASING = "purchasing"
    FINANCE = "finance"
    FINANCE_MANAGER = "finance_manager"
    AUDITOR = "auditor"


_G = Group
ANYBODY: frozenset[Group] | None = None
EVERY = frozenset(Group)
MANAGERS = frozenset({_G.ADMIN, _G.SALES_MANAGER})
SELLERS = MANAGERS | {_G.SALES}
FINANCE = frozenset({_G.FINANCE, _G.FINANCE_MANAGER})
APPROVERS = MANAGERS | {_G.FINANCE_MANAGER}
READERS = FINANCE | {_G.AUDITOR}
SHELF = frozenset({_G.WAREHOUSE, _G.ADMIN})
PLANNERS = SHELF | {_G.PURCHASING}
BUYERS = frozenset({_G.PURCHASING, _G.ADMIN})
COSTS = MANAGERS | READERS

ROUTES: Mapping[str, Mapping[str, frozenset[Group] | None]] = {
    "integrations": {
        "GET /v1/health": ANYBODY,
        "GET /v1/me": EVERY,
        "GET /v1/invariants": frozenset({_G.ADMIN, _G.AUDITOR}) | FINANCE,
        "POST /v1/invariants/runs": frozenset({_G.ADMIN, _G.AUDITOR}) | FINANCE,
    },
    "catalog": {
        "GET /v1/products": EVERY,
        "GET /v1/products/{sku}": EVERY,
        "PUT /v1/products/{sku}": MANAGERS,
        "GET /v1/price-lists": SELLERS | READERS,
        "GET /v1/price-lists/{price_list}": SELLERS | READERS,
        "PUT /v1/price-lists/{price_list}": MANAGERS,
        "GET /v1/price-lists/{price_list}/prices": SELLERS | READERS,
        "GET /v1/price-lists/{price_list}/prices/{sku}": SELLERS | READERS,
        "PUT /v1/price-lists/{price_list}/prices/{sku}": MANAGERS,
        "GET /v1/settings": frozenset({_G.ADMIN, _G.AUDITOR}),
        "PUT /v1/settings": frozenset({_G.ADMIN}),
        "GET /v1/warehouses": EVERY,
        "PUT /v1/warehouses/{warehouse}": frozenset({_G.ADMIN}),
    },
    "customers": {
        "POST /v1/customers": SELLERS,
        "GET /v1/customers": SELLERS | READERS,
        "GET /v1/customers/{customer_id}": SELLERS | READERS,
        "GET /v1/customers/by-ref/{source}/{reference}": SELLERS | READERS,
        "GET /v1/customers/{customer_id}/summary": SELLERS | READERS,
        "GET /v1/customers/{customer_id}/statement": SELLERS | READERS,
        "POST /v1/customers/{customer_id}/papers": SELLERS | FINANCE,
        "GET /v1/customers/{customer_id}/timeline": SELLERS | READERS,
        "PATCH /v1/customers/{customer_id}": SELLERS,
        "PUT /v1/customers/{customer_id}/references/{source}": SELLERS,
        "POST /v1/customers/{customer_id}/merge": MANAGERS,
        "POST /v1/customers/{customer_id}/export": MANAGERS,
        "POST /v1/customers/{customer_id}/erase": MANAGERS,
    },
    "inventory": {
        "GET /v1/stock": EVERY,
        "GET /v1/stock/{sku}": EVERY,
        "GET /v1/stock/{sku}/movements": EVERY,
        "POST /v1/stock/{sku}/adjustments": SHELF,
        "POST /v1/stock/{sku}/quarantine": SHELF,
        "PUT /v1/stock/{sku}/reorder-rule": PLANNERS,
        "PUT /v1/stock/{sku}/shards": frozenset({_G.ADMIN}),
    },
    "purchasing": {
        "GET /v1/stock-alerts": PLANNERS | MANAGERS | READERS,
        "GET /v1/stock-alerts/{alert_id}": PLANNERS | MANAGERS | READERS,
        "POST /v1/stock-alerts/{alert_id}/acknowledge": PLANNERS,
        "POST /v1/stock-alerts/{alert_id}/snooze": PLANNERS,
        "POST /v1/stock-alerts/{alert_id}/dismiss": PLANNERS,
        "GET /v1/purchase-suggestions": BUYERS | MANAGERS | READERS,
        "POST /v1/purchase-orders": BUYERS,
        "GET /v1/purchase-orders": PLANNERS | READERS,
        "GET /v1/purchase-orders/{order_id}": PLANNERS | READERS,
        "PATCH /v1/purchase-orders/{order_id}": BUYERS,
        "POST /v1/purchase-orders/{order_id}/receipts": PLANNERS,
        "GET /v1/purchase-orders/{order_id}/receipts": PLANNERS | READERS,
        "POST /v1/purchase-orders/{order_id}/close": BUYERS,
        "POST /v1/purchase-orders/{order_id}/cancel": BUYERS,
    },
    "stocktaking": {
        "POST /v1/stock-transfers": SHELF,
        "GET /v1/stock-transfers": PLANNERS | MANAGERS | READERS,
        "GET /v1/stock-transfers/{transfer_id}": PLANNERS | MANAGERS | READERS,
        "POST /v1/stock-transfers/{transfer_id}/receipts": SHELF,
        "POST /v1/stock-transfers/{transfer_id}/close": SHELF,
        "POST /v1/counts": SHELF,
        "GET /v1/counts": PLANNERS | MANAGERS | READERS,
        "GET /v1/counts/{count_id}": PLANNERS | MANAGERS | READERS,
        "GET /v1/counts/{count_id}/lines": PLANNERS | MANAGERS | READERS,
        "PUT /v1/counts/{count_id}/lines/{sku}": SHELF,
        "POST /v1/counts/{count_id}/submit": SHELF,
        "POST /v1/counts/{count_id}/approve": MANAGERS,
        "POST /v1/counts/{count_id}/reject": MANAGERS,
        "POST /v1/counts/{count_id}/post": SHELF,
        "PUT /v1/stock-snapshots/{snapshot_id}": SHELF,
        "GET /v1/stock-snapshots/{snapshot_id}": PLANNERS | MANAGERS | READERS,
        "POST /v1/stock-snapshots/{snapshot_id}/accept": SHELF,
    },
    "orders": {
        "POST /v1/orders": SELLERS,
        "POST /v1/orders/batch": SELLERS,
        "POST /v1/order-validations": SELLERS,
        "GET /v1/orders": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/orders/{order_id}": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/orders/by-ref/{source}/{reference}": SELLERS | READERS | {_G.WAREHOUSE},
        "PATCH /v1/orders/{order_id}": SELLERS,
        "GET /v1/orders/{order_id}/versions": SELLERS | READERS,
        "GET /v1/orders/{order_id}/timeline": SELLERS | READERS | {_G.WAREHOUSE},
        "POST /v1/orders/{order_id}/quote": SELLERS,
        "POST /v1/orders/{order_id}/revise": SELLERS,
        "POST /v1/orders/{order_id}/accept": SELLERS,
        "POST /v1/orders/{order_id}/lose": SELLERS,
        "POST /v1/orders/{order_id}/confirm": SELLERS,
        "POST /v1/orders/{order_id}/discard": SELLERS,
        "POST /v1/orders/{order_id}/approve": APPROVERS,
        "POST /v1/orders/{order_id}/reject": APPROVERS,
        "POST /v1/orders/{order_id}/recall": SELLERS,
        "GET /v1/orders/{order_id}/approvals": SELLERS | READERS,
        "GET /v1/approvals": APPROVERS,
        "POST /v1/orders/{order_id}/cancel": SELLERS,
        "POST /v1/orders/{order_id}/close": SELLERS,
        "POST /v1/orders/{order_id}/reopen": SELLERS,
        "POST /v1/orders/{order_id}/holds": SELLERS | {_G.WAREHOUSE, _G.FINANCE, _G.FINANCE_MANAGER},
        "POST /v1/orders/{order_id}/holds/{hold_id}/release": SELLERS
        | {_G.WAREHOUSE, _G.FINANCE, _G.FINANCE_MANAGER},
        "POST /v1/orders/{order_id}/shipments": SHELF | {_G.SALES_MANAGER},
        "GET /v1/orders/{order_id}/shipments": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/shipments/{shipment_id}": SELLERS | READERS | {_G.WAREHOUSE},
        "POST /v1/shipments/{shipment_id}/events": SHELF | {_G.SALES_MANAGER},
        "POST /v1/orders/{order_id}/documents": SELLERS | READERS,
        "POST /v1/shipments/{shipment_id}/documents": SELLERS | READERS | {_G.WAREHOUSE},
        "POST /v1/orders/{order_id}/returns": SELLERS,
        "GET /v1/orders/{order_id}/returns": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/returns/{return_id}": SELLERS | READERS | {_G.WAREHOUSE},
        "POST /v1/returns/{return_id}/approve": MANAGERS,
        "POST /v1/returns/{return_id}/reject": MANAGERS,
        "POST /v1/returns/{return_id}/cancel": SELLERS,
        "POST /v1/returns/{return_id}/receive": SHELF | {_G.SALES_MANAGER},
        "POST /v1/returns/{return_id}/inspect": SHELF | {_G.SALES_MANAGER},
        "POST /v1/returns/{return_id}/resolve": MANAGERS,
    },
    "billing": {
        "GET /v1/invoices": SELLERS | READERS,
        "GET /v1/invoices/{invoice_id}": SELLERS | READERS,
        "GET /v1/invoices/{invoice_id}/document": SELLERS | READERS,
        "POST /v1/invoices/{invoice_id}/credit-notes": FINANCE,
        "POST /v1/invoices/{invoice_id}/write-offs": FINANCE,
        "PUT /v1/invoices/{invoice_id}/instalments": FINANCE,
        "POST /v1/invoices/{invoice_id}/dispute": SELLERS | FINANCE,
        "POST /v1/invoices/{invoice_id}/dispute/resolve": SELLERS | FINANCE,
        "POST /v1/invoices/{invoice_id}/promise": SELLERS | FINANCE,
        "GET /v1/credit-notes": SELLERS | READERS,
        "GET /v1/credit-notes/{credit_note_id}": SELLERS | READERS,
        "GET /v1/credit-notes/{credit_note_id}/document": SELLERS | READERS,
        "GET /v1/papers/{paper_id}": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/papers/{paper_id}/document": SELLERS | READERS | {_G.WAREHOUSE},
        "GET /v1/invoice-series": READERS | {_G.ADMIN},
        "GET /v1/invoice-series/{series}/proof": READERS | {_G.ADMIN},
    },
    "payments": {
        "POST /v1/payments": FINANCE,
        "GET /v1/payments": SELLERS | READERS,
        "GET /v1/payments/{payment_id}": SELLERS | READERS,
        "POST /v1/payments/{payment_id}/allocations": FINANCE,
        "POST /v1/payments/{payment_id}/documents": SELLERS | READERS,
        "POST /v1/payments/{payment_id}/refunds": FINANCE,
        "POST /v1/payments/{payment_id}/bounce": FINANCE,
        "GET /v1/write-offs/{write_off_id}": SELLERS | READERS,
        "POST /v1/write-offs/{write_off_id}/reverse": FINANCE,
        "POST /v1/refunds": FINANCE,
        "GET /v1/refunds": SELLERS | READERS,
        "GET /v1/refunds/{refund_id}": SELLERS | READERS,
        "POST /v1/refunds/{refund_id}/approve": frozenset({_G.FINANCE_MANAGER}),
        "POST /v1/refunds/{refund_id}/reject": frozenset({_G.FINANCE_MANAGER}),
    },
    "reconciliation": {
        "GET /v1/reconciliation/items": READERS,
        "GET /v1/reconciliation/items/{line_id}": READERS,
        "POST /v1/reconciliation/items/{line_id}/match": FINANCE,
        "POST /v1/reconciliation/items/{line_id}/unmatch": FINANCE,
        "POST /v1/reconciliation/items/{line_id}/write-off": FINANCE,
        "POST /v1/reconciliation/runs": FINANCE,
    },
    "transfers": {
        "POST /v1/imports": FINANCE,
        "GET /v1/imports": READERS,
        "GET /v1/imports/{import_id}": READERS,
        "POST /v1/imports/{import_id}/apply": FINANCE,
        "POST /v1/imports/{import_id}/cancel": FINANCE,
        "POST /v1/imports/{import_id}/retry": FINANCE,
    },
    "fapiao": {
        "POST /v1/tax-invoices": FINANCE,
        "GET /v1/tax-invoices": SELLERS | READERS,
        "GET /v1/tax-invoices/{tax_invoice_id}": SELLERS | READERS,
        "GET /v1/tax-invoices/{tax_invoice_id}/document": SELLERS | READERS,
        "POST /v1/tax-invoices/{tax_invoice_id}/submit": FINANCE,
        "POST /v1/tax-invoices/{tax_invoice_id}/refresh": FINANCE,
        "POST /v1/tax-invoices/{tax_invoice_id}/red-confirmation": FINANCE,
        "POST /v1/tax-invoices/{tax_invoice_id}/red-confirmation/confirm": FINANCE,
        "POST /v1/tax-invoices/{tax_invoice_id}/red-confirmation/withdraw": FINANCE,
    },
    "receivables": {
        "GET /v1/receivables": COSTS,
        "GET /v1/receivables/ageing": COSTS,
        "POST /v1/dunning-runs": FINANCE,
        "GET /v1/dunning-runs/{run_id}": COSTS,
        "GET /v1/dunning-letters": COSTS,
        "GET /v1/dunning-letters/{letter_id}": COSTS,
    },
    "accounting": {
        "GET /v1/accounts": COSTS,
        "GET /v1/ledger/trial-balance": COSTS,
        "GET /v1/ledger/entries": COSTS,
        "GET /v1/ledger/documents/{document_id}": COSTS,
        "GET /v1/periods": COSTS,
        "GET /v1/periods/{month}": COSTS,
        "POST /v1/periods/{month}/close": frozenset({_G.FINANCE_MANAGER}),
        "POST /v1/journal-batches": FINANCE,
        "GET /v1/journal-batches": COSTS,
        "GET /v1/journal-batches/{batch_id}": COSTS,
        "GET /v1/journal-batches/{batch_id}/document": COSTS,
    },
    "reports": {
        "GET /v1/reports/stock-value": COSTS,
        "GET /v1/reports/stock-analysis": COSTS | {_G.PURCHASING},
    },
}
"""Function → route → the groups that may; None is the public. A route that is not here does not build."""

USER_SCOPE = "aws.cognito.signin.user.admin"
SCOPE_PREFIX = "soms/"


@dataclass(frozen=True)
class Command:
    """What makes a request the same request: its journal id and the hash of its body."""

    entry: str | None
    request: str
    route: str


@dataclass(frozen=True)
class Caller:
    """Who asks, as the verified token says, and from where."""

    principal: str
    name: str
    groups: frozenset[Group]
    command: Command
    language: str = "en"
    request_id: str = ""
    address: str = ""
    if_match: int | None = None

    def is_any(self, groups: frozenset[Group]) -> bool:
        """Tell whether the caller is in one of these groups."""
        return bool(self.groups & groups)

    def sees_only_own(self) -> bool:
        """Tell whether the caller sees only what a sales person's own customers concern."""
        return Group.SALES in self.groups and not self.is_any(MANAGERS | READERS)

    def sees_no_prices(self) -> bool:
        """Tell whether prices are hidden from the caller, as they are from the warehouse."""
        return not self.is_any(SELLERS | READERS)

    def sees_purchase_costs(self) -> bool:
        """Tell whether the caller sees what is paid to suppliers."""
        return self.is_any(BUYERS | MANAGERS | READERS)

    def may_see(self, salesperson: str | None) -> bool:
        """Tell whether what this sales person looks after is the caller's to see."""
        return not self.sees_only_own() or salesperson in {None, self.name}

    def require_sight(self, salesperson: str | None) -> None:
        """Raise NotFound where the caller may not even know that it exists."""
        if not self.may_see(salesperson):
            raise NotFound

    def under(self, command: Command) -> "Caller":
        """Return the same caller giving another command."""
        return replace(self, command=command)


def system(name: str, source: str) -> Caller:
    """Return the caller that a consumer or a schedule is; its entry follows from what caused it."""
    entry = ids.derived("evt", "consumer", name, source)
    return Caller(
        principal=f"system:{name}",
        name=name,
        groups=frozenset(),
        command=Command(entry=entry, request=source, route=name),
    )


def groups_of(claims: Mapping[str, object]) -> frozenset[Group]:
    """Return the groups that a verified access token stands for; names that are not ours count for nothing.

    REST on AWS writes a person's groups as `a,b`, other gateways as `[a b]`; machines carry scopes.
    """
    if claims.get("token_use") != "access":
        raise Unauthorized
    scopes = str(claims.get("scope", "")).split()
    named = {scope.removeprefix(SCOPE_PREFIX) for scope in scopes if scope.startswith(SCOPE_PREFIX)}
    if USER_SCOPE in scopes or "username" in claims:
        named = set(re.split(r"[\s,\[\]]+", str(claims.get("cognito:groups", ""))))
    return frozenset(group for group in Group if group.value in named)


def admit(function: str, route: str, groups: frozenset[Group]) -> None:
    """Raise Forbidden unless one of the groups may use the route."""
    allowed = ROUTES[function][route]
    if allowed is not None and not groups & allowed:
        raise Forbidden
