"""Items between Python and DynamoDB's attribute values; None and empty sets are left out."""

from collections.abc import Mapping
from decimal import Decimal

Value = dict[str, object]
Item = dict[str, object]


def encode(item: Mapping[str, object]) -> dict[str, Value]:
    """Turn a plain item into attribute values; floats are refused, because they are not exact."""
    return {name: _encode(value) for name, value in item.items() if value is not None}


def decode(item: Mapping[str, Mapping[str, object]]) -> Item:
    """Turn attribute values into a plain item; whole numbers become int, others Decimal."""
    return {name: _decode(value) for name, value in item.items()}


def encoded(value: object) -> Value:
    """Turn one plain value into an attribute value."""
    return _encode(value)


def size(item: Mapping[str, object]) -> int:
    """Return the bytes DynamoDB counts for an encoded item (names and values; collections 3 + 1 each)."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _encode(value: object) -> Value:
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Decimal):
        return {"N": format(value, "f")}
    if isinstance(value, Mapping):
        return {"M": encode(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [_encode(one) for one in value]}
    if isinstance(value, bytes):
        return {"B": value}
    if value is None:
        return {"NULL": True}
    message = f"a {type(value).__name__} cannot be stored"
    raise TypeError(message)


def _decode(value: Mapping[str, object]) -> object:
    kind, content = next(iter(value.items()))
    if kind in {"S", "BOOL", "B"}:
        return content
    if kind == "N":
        text = str(content)
        return Decimal(text) if "." in text or "E" in text.upper() else int(text)
    if kind == "M" and isinstance(content, Mapping):
        return decode(content)
    if kind == "L" and isinstance(content, list):
        return [_decode(one) for one in content]
    if kind == "NULL":
        return None
    message = f"attribute type {kind} is not used here"
    raise TypeError(message)


def _size(value: object) -> int:
    if not isinstance(value, Mapping):
        return 0
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(str(content).encode())
    if kind == "N":
        return len(str(content)) // 2 + 2
    if kind == "M" and isinstance(content, Mapping):
        return 3 + sum(len(name.encode()) + _size(one) + 1 for name, one in content.items())
    if kind == "L" and isinstance(content, list):
        return 3 + sum(_size(one) + 1 for one in content)
    if kind == "B" and isinstance(content, bytes):
        return len(content)
    return 1
