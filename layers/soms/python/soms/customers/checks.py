"""What may be wrong with a profile beyond the shape of its fields, and with whom an order is for."""

from collections.abc import Collection, Iterator

from soms.catalog import store as catalog
from soms.catalog.rules import amount_faults, unknown_currency, warehouse_faults
from soms.customers import references, store
from soms.customers.model import Customer
from soms.customers.taxid import is_plausible
from soms.kit import items, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, InvalidState


def check(customer: Customer, said: Collection[str]) -> None:
    """Raise Invalid with every fault of the fields that were said of a customer."""
    faults = [] if money.known(customer.currency) else [unknown_currency("/currency")]
    faults += _limit(customer, said, known=not faults)
    if customer.tax_id and {"tax_id", "country"} & set(said):
        faults += _tax_id(customer.tax_id, customer.country)
    if customer.price_list and "price_list" in said:
        faults += _price_list(customer.price_list, customer.currency)
    if customer.warehouse and "warehouse" in said:
        found = catalog.find_warehouse(customer.warehouse)
        faults += warehouse_faults(found, customer.warehouse, "/warehouse")
    if customer.entity and "entity" in said and catalog.settings().entity(customer.entity) is None:
        words = ("there is no such entity", "没有该开票主体")
        faults.append(Fault("unknown_entity", words, "/entity"))
    if faults:
        raise Invalid(*faults)


def require_active(customer: Customer, command: str) -> None:
    """Raise InvalidState when the customer was merged or erased."""
    if customer.status != "active":
        raise InvalidState(command=command, state=customer.status, allowed=[])


def buyer(item: items.Item | None, caller: Caller, *, by_reference: bool) -> Customer:
    """Return the customer an order is for; a reference leads on to whom that customer was merged into.

    Raises Invalid: `unknown_customer`, or `customer_merged` naming the survivor.
    """
    place = "/customer_ref" if by_reference else "/customer_id"
    found = references.resolved(item) if by_reference else store.customer(item)
    if found is None or found.status == "erased" or not caller.may_see(found.salesperson):
        raise Invalid(Fault("unknown_customer", ("there is no such customer", "没有该客户"), place))
    if found.merged_into:
        words = ("this customer was merged into another one", "该客户已合并到另一客户")
        raise Invalid(Fault("customer_merged", words, place, meta={"merged_into": found.merged_into}))
    return found


def _limit(customer: Customer, said: Collection[str], *, known: bool) -> Iterator[Fault]:
    limit = customer.credit_limit
    if customer.kind == "cash":
        words = ("a cash customer has no credit limit", "现款客户没有信用额度")
        for name in ("credit_limit", "credit_limit_until"):
            if getattr(customer, name) is not None:
                yield Fault("invalid", words, f"/{name}")
        return
    if limit is not None and "credit_limit" in said and known:
        if limit < 0:
            yield Fault("too_small", ("must be at least 0", "不得小于 0"), "/credit_limit")
        yield from amount_faults(limit, customer.currency, "/credit_limit")
    if limit is None and customer.credit_limit_until is not None and "credit_limit_until" in said:
        words = ("there is no limit that could end", "没有信用额度，不能设定到期日")
        yield Fault("invalid", words, "/credit_limit_until")


def _tax_id(tax_id: str, country: str | None) -> Iterator[Fault]:
    if not is_plausible(tax_id, country):
        words = (f"this is no tax id of {country}", f"不是有效的 {country} 税号")
        yield Fault("invalid_tax_id", words, "/tax_id")


def _price_list(price_list_id: str, currency: str) -> Iterator[Fault]:
    found = catalog.find_price_list(price_list_id)
    if found is None:
        words = ("there is no such price list", "没有该价目表")
        yield Fault("unknown_price_list", words, "/price_list")
    elif found.currency != currency:
        words = (f"the price list is in {found.currency}", f"该价目表的货币为 {found.currency}")
        yield Fault("currency_mismatch", words, "/price_list")
