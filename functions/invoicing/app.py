"""Orders stream → billing: gapless invoices and credit notes, as many orders a transaction as it holds."""

from collections.abc import Sequence

from pydantic import ValidationError
from soms.billing.documents import issuing
from soms.kit import clock, streams
from soms.orders.model import Order


def _image(change: streams.Change) -> Order:
    try:
        return Order.model_validate(change.new)
    except ValidationError as error:
        message = f"not an order: {error.error_count()} errors"
        raise streams.Impossible(message) from None


def _bill(changes: Sequence[streams.Change]) -> None:
    issuing.bill_orders([_image(change) for change in changes if change.new], now=clock.now())


handler = streams.follow("invoicing", _bill)
