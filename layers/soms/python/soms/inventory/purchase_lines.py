"""What a purchase order asks for, as the catalogue knows it."""

from collections.abc import Sequence

from soms.catalog import store as catalog
from soms.catalog.model import Product, Settings
from soms.inventory.purchase import PurchaseLine
from soms.inventory.purchase_requests import PurchaseRequest
from soms.kit import aws
from soms.kit.problems import Fault, Invalid


def asked(request: PurchaseRequest) -> tuple[Settings, tuple[PurchaseLine, ...]]:
    """Return the company's settings and the lines asked for, or raise Invalid with every fault."""
    places = [one.warehouse or request.warehouse for one in request.lines]
    keys = [catalog.SETTINGS, *(catalog.product_key(one.sku) for one in request.lines)]
    held, *found = aws.get_many([*keys, *map(catalog.warehouse_key, places)], consistent=True)
    products = [catalog.product(item) for item in found[: len(places)]]
    faults = [fault for index, one in enumerate(products) for fault in _unfit(one, f"/lines/{index}/sku")]
    nowhere = {
        f"/lines/{index}/warehouse" if request.lines[index].warehouse else "/warehouse"
        for index, (place, item) in enumerate(zip(places, found[len(places) :], strict=True))
        if catalog.warehouse_of(place, item) is None
    }
    words = ("no such warehouse", "没有该仓库")
    faults += [Fault("unknown_warehouse", words, pointer) for pointer in sorted(nowhere)]
    faults += _twice([(one.sku, place) for one, place in zip(request.lines, places, strict=True)])
    if faults:
        raise Invalid(*faults)
    return catalog.settings_of(held), tuple(
        PurchaseLine(
            line=number,
            sku=one.sku,
            name=product.name if product else one.sku,
            warehouse=place,
            quantity=one.quantity,
            unit_cost=one.unit_cost,
        )
        for number, (one, product, place) in enumerate(zip(request.lines, products, places, strict=True), 1)
    )


def _unfit(product: Product | None, pointer: str) -> list[Fault]:
    if product is None:
        return [Fault("unknown_sku", ("no such product", "没有该商品"), pointer)]
    if not product.active:
        return [Fault("inactive_sku", ("this product is not sold any more", "该商品已停用"), pointer)]
    if not product.stocked:
        return [Fault("not_stocked", ("this product is not kept in stock", "该商品不管理库存"), pointer)]
    return []


def _twice(items: Sequence[tuple[str, str]]) -> list[Fault]:
    words = ("it stands on another line already", "该商品已在其他行")
    return [
        Fault("duplicate_line", words, f"/lines/{index}/sku")
        for index, one in enumerate(items)
        if one in items[:index]
    ]
