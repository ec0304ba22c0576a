"""Orders stream → stock: what a changed order still means for stock is applied."""

from soms.kit import streams
from soms.orders import effects

handler = streams.follow("stock", effects.apply)
