"""Derived ids: the same cause always gets the same id, so uniqueness costs nothing."""

import hashlib

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5


def _digest(parts: tuple[str, ...]) -> int:
    # A length before each part keeps ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def _crockford(value: int, length: int) -> str:
    digits = [_CROCKFORD[(value >> (_BITS * place)) & 31] for place in range(length)]
    return "".join(reversed(digits))


def derived(prefix: str, *parts: str) -> str:
    """Return an opaque id such as `ord_…` that is the same whenever the parts are (120 bits of SHA-256)."""
    return f"{prefix}_{_crockford(_digest(parts) >> 136, 24).lower()}"


def short(*parts: str) -> str:
    """Return eight sayable characters (40 bits) for a human number; unique only together with a guard."""
    return _crockford(_digest(parts) >> 216, 8)


def shard(key: str, count: int) -> int:
    """Return which of `count` shards a key belongs to."""
    return _digest((key,)) % count


def digest(text: str) -> str:
    """Return the SHA-256 of a text as lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()
