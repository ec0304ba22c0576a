"""HTTP /v1/products, /v1/price-lists, /v1/warehouses, /v1/settings: what is sold and how we work."""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from soms.catalog import commands, store
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
)
from soms.kit import clock, http, paging
from soms.kit.access import READERS, SELLERS, Caller, Group
from soms.kit.fields import Code, Request, Sku
from soms.kit.invalid import faults_of_body
from soms.kit.problems import Invalid, NotFound

COST = frozenset({Group.ADMIN, Group.SALES_MANAGER, Group.FINANCE, Group.FINANCE_MANAGER, Group.AUDITOR})
BUYS = frozenset({Group.PURCHASING})
_sku: TypeAdapter[str] = TypeAdapter(Sku)
_code: TypeAdapter[str] = TypeAdapter(Code)


class Paged(Request):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class Products(Paged):
    """Filters of the product list."""

    category: Code | None = None
    active: bool | None = None


def _named(adapter: TypeAdapter[str], name: str) -> str:
    try:
        return adapter.validate_python(name)
    except ValidationError as error:
        raise Invalid(*faults_of_body(error)) from None


def _shown(product: Product, caller: Caller) -> dict[str, object]:
    hidden = set() if caller.is_any(COST) else {"cost"}
    if not caller.is_any(SELLERS | READERS | BUYS):
        hidden |= {"unit_price", "tax_rate"}
    return product.model_dump(mode="json", exclude=hidden)


def _product(product: Product, caller: Caller, status: int = 200) -> http.Answer:
    return http.Answer(_shown(product, caller), status, product.version)


def _settings(settings: Settings) -> http.Answer:
    return http.Answer(settings, version=settings.version)


def _held(held: PriceList | ListPrice | Warehouse | None, status: int = 200) -> http.Answer:
    if held is None:
        raise NotFound
    return http.Answer(held, status, held.version)


app = http.Resolver(
    "catalog",
    replays={
        "product": lambda sku, caller: _product(store.get_product(sku), caller),
        "price_list": lambda name, _caller: _held(store.find_price_list(name)),
        "list_price": lambda name, _caller: _held(store.find_list_price(*name.split("/"))),
        "settings": lambda _name, _caller: _settings(store.settings()),
        "warehouse": lambda name, _caller: _held(store.find_warehouse(name)),
    },
)
handler = app.handler


@app.get("/v1/products")
def products(query: Products, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = store.products(category=query.category, active=query.active, limit=query.limit, after=after)
    return http.page(page, (_shown(Product.model_validate(row), caller) for row in page.rows), scope)


@app.get("/v1/products/{sku}")
def product(sku: str, caller: Caller) -> http.Answer:
    return _product(store.get_product(sku), caller)


@app.put("/v1/products/{sku}")
def put_product(sku: str, request: ProductRequest, caller: Caller) -> http.Answer:
    product, new = commands.put_product(_named(_sku, sku), request, caller, now=clock.now())
    return _product(product, caller, 201 if new else 200)


@app.get("/v1/price-lists")
def price_lists(query: Paged, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    page = store.price_lists(limit=query.limit, after=paging.position(query.cursor, scope))
    rows = (PriceList.model_validate(row).model_dump(mode="json") for row in page.rows)
    return http.page(page, rows, scope)


@app.get("/v1/price-lists/{price_list}")
def price_list(price_list: str) -> http.Answer:
    return _held(store.find_price_list(price_list))


@app.put("/v1/price-lists/{price_list}")
def put_price_list(price_list: str, request: PriceListRequest, caller: Caller) -> http.Answer:
    after, new = commands.put_price_list(_named(_code, price_list), request, caller, now=clock.now())
    return _held(after, 201 if new else 200)


@app.get("/v1/price-lists/{price_list}/prices")
def prices(price_list: str, query: Paged, caller: Caller) -> http.Answer:
    if store.find_price_list(price_list) is None:
        raise NotFound
    scope = f"{http.scope(caller, query)}|{price_list}"
    page = store.list_prices(price_list, limit=query.limit, after=paging.position(query.cursor, scope))
    rows = (ListPrice.model_validate(row).model_dump(mode="json", by_alias=True) for row in page.rows)
    return http.page(page, rows, scope)


@app.get("/v1/price-lists/{price_list}/prices/{sku}")
def price(price_list: str, sku: str) -> http.Answer:
    return _held(store.find_list_price(price_list, sku))


@app.put("/v1/price-lists/{price_list}/prices/{sku}")
def put_price(price_list: str, sku: str, request: TiersRequest, caller: Caller) -> http.Answer:
    after, new = commands.put_list_price(
        _named(_code, price_list), _named(_sku, sku), request, caller, now=clock.now()
    )
    return _held(after, 201 if new else 200)


@app.get("/v1/settings")
def settings() -> http.Answer:
    return _settings(store.settings())


@app.put("/v1/settings")
def put_settings(request: SettingsRequest, caller: Caller) -> http.Answer:
    return _settings(commands.put_settings(request, caller, now=clock.now()))


@app.get("/v1/warehouses")
def warehouses() -> http.Answer:
    return http.Answer({"data": store.warehouses(), "next_cursor": None})


@app.put("/v1/warehouses/{warehouse}")
def put_warehouse(warehouse: str, request: WarehouseRequest, caller: Caller) -> http.Answer:
    after, new = commands.put_warehouse(_named(_code, warehouse), request, caller, now=clock.now())
    return _held(after, 201 if new else 200)
