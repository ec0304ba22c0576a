"""How many of a bundle there are: as many as its components make, in each warehouse."""

from collections.abc import Mapping

from soms.catalog.model import Component, Product
from soms.inventory import store
from soms.inventory.model import Stock


def shelves(product: Product) -> dict[Component, list[Stock]]:
    """Return the counters of a bundle's components in every warehouse as they stand now."""
    return {one: store.of_sku(one.sku) for one in product.components or ()}


def shown(product: Product, held: Mapping[Component, list[Stock]]) -> dict[str, object]:
    """Return how many whole bundles each warehouse could send, and what there is of each component."""
    names = sorted({stock.warehouse for several in held.values() for stock in several})
    rows = [{"warehouse": name, "available": _whole(name, held)} for name in names]
    components = [
        {"sku": one.sku, "quantity": one.quantity, "available": sum(stock.available for stock in several)}
        for one, several in held.items()
    ]
    told = {"sku": product.sku, "name": product.name, "stocked": False, "bundle": True}
    available = sum(_whole(name, held) for name in names)
    return told | {"available": available, "warehouses": rows, "components": components}


def _whole(warehouse: str, held: Mapping[Component, list[Stock]]) -> int:
    free = (
        sum(stock.available for stock in several if stock.warehouse == warehouse) // one.quantity
        for one, several in held.items()
    )
    return max(min(free, default=0), 0)
