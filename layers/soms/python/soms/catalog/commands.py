"""Changing what the company sells and how it works."""

from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel

from soms.catalog import store
from soms.catalog.model import (
    ListPrice,
    PriceList,
    PriceListRequest,
    Product,
    ProductRequest,
    Settings,
    SettingsRequest,
    TiersRequest,
    Warehouse,
    WarehouseRequest,
    category_of,
)
from soms.catalog.rules import (
    approval_faults,
    bundle_faults,
    entity_faults,
    inactive_warehouse,
    limit_faults,
    series_faults,
    tier_faults,
    unknown_currency,
    warehouse_faults,
)
from soms.kit import journal, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, NotFound, VersionMismatch
from soms.kit.writes import Writes, decide

Held = TypeVar("Held", bound=BaseModel)
CREATED = 201


def put_product(sku: str, request: ProductRequest, caller: Caller, *, now: datetime) -> tuple[Product, bool]:
    """Create or replace a product; return it and whether it is new."""
    if not money.known(request.currency):
        raise Invalid(unknown_currency("/currency"))
    if request.components:
        found = store.find_products({one.sku for one in request.components})
        if faults := bundle_faults(sku, request, found):
            raise Invalid(*faults)

    def attempt() -> tuple[Product, bool]:
        before = store.find_product(sku)
        version = expected(caller, before.version if before else 0) + 1
        said = request.model_dump() | {"tax_category": category_of(request.tax_rate, request.tax_category)}
        # How its stock is split, inventory says.
        said["stock_shards"] = before.stock_shards if before else 1
        product = Product(sku=sku, version=version, **said)

        writes = Writes()
        store.put_product(writes, product, before=before)
        _record(writes, "product", sku, before, product, caller, now)
        writes.commit()
        return product, before is None

    return decide(attempt)


def put_price_list(
    price_list: str, request: PriceListRequest, caller: Caller, *, now: datetime
) -> tuple[PriceList, bool]:
    """Create or replace a price list; return it and whether it is new."""
    if not money.known(request.currency):
        raise Invalid(unknown_currency("/currency"))

    def attempt() -> tuple[PriceList, bool]:
        before = store.find_price_list(price_list)
        version = expected(caller, before.version if before else 0) + 1
        after = PriceList(id=price_list, version=version, **request.model_dump())

        writes = Writes()
        store.put_price_list(writes, after, before=before)
        _record(writes, "price_list", price_list, before, after, caller, now)
        writes.commit()
        return after, before is None

    return decide(attempt)


def put_list_price(
    price_list: str, sku: str, request: TiersRequest, caller: Caller, *, now: datetime
) -> tuple[ListPrice, bool]:
    """Create or replace the price of a SKU in a list; return it and whether it is new.

    Raises NotFound without such a list, and Invalid for an unknown SKU and tiers that begin alike.
    """

    def attempt() -> tuple[ListPrice, bool]:
        held, product, before = store.price_facts(price_list, sku)
        if held is None:
            raise NotFound
        faults = tier_faults(request.tiers)
        if product is None:
            words = (f"there is no product {sku}", f"没有商品 {sku}")
            faults.append(Fault("unknown_sku", words, parameter="sku", meta={"sku": sku}))
        if faults:
            raise Invalid(*faults)
        version = expected(caller, before.version if before else 0) + 1
        tiers = sorted(request.tiers, key=lambda tier: tier.start)
        said = request.model_dump(by_alias=True) | {"tiers": tiers}
        after = ListPrice(price_list=price_list, sku=sku, version=version, **said)

        writes = Writes()
        store.put_list_price(writes, after, before=before)
        _record(writes, "list_price", f"{price_list}/{sku}", before, after, caller, now)
        writes.commit()
        return after, before is None

    return decide(attempt)


def put_settings(request: SettingsRequest, caller: Caller, *, now: datetime) -> Settings:
    """Replace the settings of the company."""
    faults = []
    if request.time_zone not in available_timezones():
        faults.append(
            Fault("unknown_time_zone", ("an IANA time zone is needed", "须为 IANA 时区"), "/time_zone")
        )
    if not money.known(request.currency):
        faults.append(unknown_currency("/currency"))
    else:
        faults += limit_faults(request)
    faults += approval_faults(request.approval_rules, request.currency)
    faults += series_faults(request)
    default = request.default_warehouse
    faults += warehouse_faults(store.find_warehouse(default), default, "/default_warehouse")
    if faults:
        raise Invalid(*faults)

    def attempt() -> Settings:
        before = store.settings()
        if missing := entity_faults(before.entities, request.entities):
            raise Invalid(*missing)
        settings = Settings(**request.model_dump(), version=expected(caller, before.version) + 1)

        writes = Writes()
        store.put_settings(writes, settings, before=before)
        _record(writes, "settings", "settings", before, settings, caller, now)
        writes.commit()
        return settings

    return decide(attempt)


def put_warehouse(
    warehouse: str, request: WarehouseRequest, caller: Caller, *, now: datetime
) -> tuple[Warehouse, bool]:
    """Create or replace a warehouse; return it and whether it is new.

    Raises Invalid where the company's default warehouse is to be inactive.
    """

    def attempt() -> tuple[Warehouse, bool]:
        if not request.active and store.settings().default_warehouse == warehouse:
            raise Invalid(inactive_warehouse(warehouse, "/active"))
        before = store.find_warehouse(warehouse)
        version = expected(caller, before.version if before else 0) + 1
        after = Warehouse(id=warehouse, version=version, **request.model_dump())

        writes = Writes()
        store.put_warehouse(writes, after, before=before)
        _record(writes, "warehouse", warehouse, before, after, caller, now)
        writes.commit()
        return after, before is None

    return decide(attempt)


def expected(caller: Caller, current: int) -> int:
    """Return the current version, or raise VersionMismatch when the caller decided on another one."""
    if caller.if_match is not None and caller.if_match != current:
        raise VersionMismatch(current)
    return current


def zone(settings: Settings) -> ZoneInfo:
    """Return the company's time zone."""
    return ZoneInfo(settings.time_zone)


def _record(
    writes: Writes,
    kind: str,
    name: str,
    before: BaseModel | None,
    after: Product | PriceList | ListPrice | Settings | Warehouse,
    caller: Caller,
    now: datetime,
) -> None:
    old = before.model_dump(mode="json", by_alias=True) if before else {}
    new = after.model_dump(mode="json", by_alias=True)
    changes = {
        field: [old.get(field), value]
        for field, value in new.items()
        if old.get(field) != value and field != "version"
    }
    event = journal.Event(
        name=f"{kind}.put",
        aggregate=f"{kind}#{name}",
        version=after.version,
        resource=(kind, name),
        status=200 if before else CREATED,
        changes=changes,
    )
    journal.record(writes, event, caller, at=now)
