"""Products, price lists, warehouses and settings in the catalog table."""

from collections.abc import Iterable, Mapping

from soms.catalog.model import ListPrice, PriceList, Product, Settings, Warehouse
from soms.kit import aws, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Stale, Writes

Key = tuple[Setting, Mapping[str, object]]
SETTINGS: Key = (Setting.CATALOG, {"pk": "settings", "sk": "settings"})
MAIN = Warehouse(id="main", name="main", version=0)


def product_key(sku: str) -> Key:
    """Return where a product lies."""
    return Setting.CATALOG, {"pk": f"product#{sku}", "sk": "product"}


def product(item: items.Item | None) -> Product | None:
    """Return the product an item holds."""
    return Product.model_validate(item) if item else None


def find_product(sku: str) -> Product | None:
    """Return a product, or None."""
    return product(aws.get(*product_key(sku), consistent=True))


def get_product(sku: str) -> Product:
    """Return a product, or raise NotFound."""
    found = find_product(sku)
    if found is None:
        raise NotFound
    return found


def find_products(skus: Iterable[str]) -> dict[str, Product]:
    """Return the products that there are of these SKUs."""
    found = map(product, aws.get_many([product_key(sku) for sku in skus], consistent=True))
    return {one.sku: one for one in found if one}


def put_product(writes: Writes, product: Product, *, before: Product | None) -> None:
    """Write a product over the version that was read."""
    state = "active" if product.active else "inactive"
    item = product.model_dump(mode="json", exclude_none=True) | {
        **product_key(product.sku)[1],
        "kind": "product",
        "active_key": state,
        "category_key": f"{product.category or '-'}#{state}",
    }
    _versioned(writes, item, before.version if before else None)


def products(*, category: str | None, active: bool | None, limit: int, after: str | None) -> paging.Page:
    """Return one page of products by SKU, of a category or active ones where asked."""
    states = ["active", "inactive"] if active is None else ["active" if active else "inactive"]
    index, partition = ("by_category", "category_key") if category else ("by_active", "active_key")
    shards = [f"{category}#{state}" for state in states] if category else states
    return paging.listed(
        Setting.CATALOG,
        index,
        shards,
        partition=partition,
        key="sku",
        limit=limit,
        after=after,
        newest_first=False,
    )


def price_list_key(price_list: str) -> Key:
    """Return where a price list lies."""
    return Setting.CATALOG, {"pk": "price-lists", "sk": price_list}


def price_list(item: items.Item | None) -> PriceList | None:
    """Return the price list an item holds."""
    return PriceList.model_validate(item) if item else None


def find_price_list(price_list_id: str) -> PriceList | None:
    """Return a price list, or None."""
    return price_list(aws.get(*price_list_key(price_list_id), consistent=True))


def put_price_list(writes: Writes, after: PriceList, *, before: PriceList | None) -> None:
    """Write a price list over the version that was read."""
    item = after.model_dump(mode="json", exclude_none=True)
    item |= {**price_list_key(after.id)[1], "kind": "price_list"}
    _versioned(writes, item, before.version if before else None)


def price_lists(*, limit: int, after: str | None) -> paging.Page:
    """Return one page of the price lists by id."""
    return _partition("price-lists", limit, after)


def price_key(price_list: str, sku: str) -> Key:
    """Return where the price of a SKU in a list lies."""
    return Setting.CATALOG, {"pk": f"price-list#{price_list}", "sk": f"price#{sku}"}


def list_price(item: items.Item | None) -> ListPrice | None:
    """Return the price of a SKU in a list that an item holds."""
    return ListPrice.model_validate(item) if item else None


def find_list_price(price_list: str, sku: str) -> ListPrice | None:
    """Return the price of a SKU in a list, or None."""
    return list_price(aws.get(*price_key(price_list, sku), consistent=True))


def price_facts(price_list_id: str, sku: str) -> tuple[PriceList | None, Product | None, ListPrice | None]:
    """Return what the price of a SKU in a list is decided on: the list, the product and the price, if any."""
    keys = [price_list_key(price_list_id), product_key(sku), price_key(price_list_id, sku)]
    held, sold, price = aws.get_many(keys, consistent=True)
    return price_list(held), product(sold), list_price(price)


def put_list_price(writes: Writes, after: ListPrice, *, before: ListPrice | None) -> None:
    """Write the price of a SKU in a list over the version that was read."""
    item = after.model_dump(mode="json", by_alias=True, exclude_none=True)
    item |= {**price_key(after.price_list, after.sku)[1], "kind": "list_price"}
    _versioned(writes, item, before.version if before else None)


def list_prices(price_list: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the prices of a list by SKU."""
    return _partition(f"price-list#{price_list}", limit, after)


def settings_of(item: items.Item | None) -> Settings:
    """Return the settings an item holds, or those of a fresh system."""
    return Settings.model_validate(item) if item else Settings()


def settings() -> Settings:
    """Return the settings in force."""
    return settings_of(aws.get(*SETTINGS, consistent=True))


def put_settings(writes: Writes, settings: Settings, *, before: Settings) -> None:
    """Write the settings over the version that was read."""
    item = settings.model_dump(mode="json", exclude_none=True) | {**SETTINGS[1], "kind": "settings"}
    _versioned(writes, item, before.version or None)


def warehouse_key(warehouse: str) -> Key:
    """Return where a warehouse lies."""
    return Setting.CATALOG, {"pk": "warehouses", "sk": warehouse}


def find_warehouse(warehouse: str) -> Warehouse | None:
    """Return a warehouse, or None; `main` is there from the start."""
    return warehouse_of(warehouse, aws.get(*warehouse_key(warehouse), consistent=True))


def warehouse_of(warehouse: str, item: items.Item | None) -> Warehouse | None:
    """Return the warehouse an item holds; `main` is there from the start."""
    if item is None:
        return MAIN if warehouse == MAIN.id else None
    return Warehouse.model_validate(item)


def put_warehouse(writes: Writes, warehouse: Warehouse, *, before: Warehouse | None) -> None:
    """Write a warehouse over the version that was read."""
    item = warehouse.model_dump(mode="json", exclude_none=True)
    item |= {**warehouse_key(warehouse.id)[1], "kind": "warehouse"}
    _versioned(writes, item, before.version or None if before else None)


def warehouses() -> list[Warehouse]:
    """Return all warehouses by id."""
    rows: Iterable[items.Item] = aws.query(Setting.CATALOG, "pk = :pk", {":pk": "warehouses"})
    found = [Warehouse.model_validate(row) for row in rows]
    return found if any(one.id == MAIN.id for one in found) else [MAIN, *found]


def _partition(pk: str, limit: int, after: str | None) -> paging.Page:
    """Return one page of the items under a key, in the order of their `sk`."""
    rows = aws.query(
        Setting.CATALOG, "pk = :pk AND sk > :after", {":pk": pk, ":after": after or " "}, limit=limit + 1
    )
    return paging.merged([lambda: rows], "sk", limit, newest_first=False)


def _versioned(writes: Writes, item: Mapping[str, object], before: int | None) -> None:
    def stale(_held: Held) -> Exception:
        return Stale()

    if before is None:
        writes.put(Setting.CATALOG, item, condition="attribute_not_exists(pk)", refused=stale)
        return
    writes.put(
        Setting.CATALOG,
        item,
        condition="#version = :before",
        names={"#version": "version"},
        values={":before": before},
        refused=stale,
    )
