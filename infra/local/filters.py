"""Lambda event filters: which stream records a pattern lets through, as AWS documents it for DynamoDB."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

Pattern = Mapping[str, object]
Scalar = str | int | float | bool | None


class PatternRefused(ValueError):
    """AWS would refuse this pattern when the mapping is created."""


def compiled(text: str) -> Pattern:
    """Return the pattern a text stands for, or raise PatternRefused saying what is wrong with it."""
    try:
        pattern = json.loads(text, object_pairs_hook=_merged)
    except ValueError as error:
        message = f"the filter pattern is not JSON: {error}"
        raise PatternRefused(message) from None
    _check(pattern)
    return dict(pattern)


def passes(patterns: Sequence[Pattern], event: Mapping[str, object]) -> bool:
    """Whether a record satisfies at least one of the patterns; without patterns everything passes."""
    return not patterns or any(_matches(pattern, event, [event]) for pattern in patterns)


def _merged(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # The developer guide itself names `dynamodb` twice in one pattern and means both.
    merged: dict[str, object] = {}
    for key, value in pairs:
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[key] = _merged([*known.items(), *value.items()])
        else:
            merged[key] = value
    return merged


def _check(pattern: object) -> None:
    if not isinstance(pattern, dict) or not pattern:
        message = f"a filter pattern is an object with at least one field, not {pattern!r}"
        raise PatternRefused(message)
    for key, rule in pattern.items():
        if isinstance(rule, dict):
            _check(rule)
        elif not isinstance(rule, list) or not rule:
            message = f"{key!r} needs a list of at least one rule"
            raise PatternRefused(message)
        else:
            for part in rule:
                _check(part) if key == "$or" else _check_rule(part)


def _check_rule(rule: object) -> None:
    if not isinstance(rule, dict):
        if isinstance(rule, list):
            message = f"a rule is a value or an operator, not {rule!r}"
            raise PatternRefused(message)
        return
    if len(rule) != 1 or next(iter(rule)) not in _OPERATORS:
        message = f"no such operator: {rule!r}"
        raise PatternRefused(message)
    name, operand = next(iter(rule.items()))
    if not _OPERAND_FITS[name](operand):
        message = f"{name!r} cannot be used with {operand!r}"
        raise PatternRefused(message)


def _matches(pattern: Pattern, event: Mapping[str, object], siblings: Sequence[Mapping[str, object]]) -> bool:
    return all(_field_matches(key, rule, event, siblings) for key, rule in pattern.items())


def _field_matches(
    key: str, rule: object, event: Mapping[str, object], siblings: Sequence[Mapping[str, object]]
) -> bool:
    if key == "$or" and isinstance(rule, list):
        return any(_matches(branch, event, siblings) for branch in rule)
    values = [sibling[key] for sibling in siblings if key in sibling]
    if isinstance(rule, dict):
        below = [item for value in values for item in _objects(value)]
        here = list(_objects(event.get(key))) or [{}]
        return any(_matches(rule, item, below) for item in here)
    leaves = list(_leaves(event[key])) if key in event else []
    anywhere = bool(leaves) or any(True for value in values for _ in _leaves(value))
    rules = rule if isinstance(rule, list) else []
    return any(_rule_matches(one, leaves, anywhere=anywhere) for one in rules)


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _leaves(value: object) -> Iterator[Scalar]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is None or isinstance(value, str | int | float | bool):
        yield value


def _rule_matches(rule: object, leaves: Sequence[Scalar], *, anywhere: bool) -> bool:
    if not isinstance(rule, dict):
        return any(_same(leaf, rule) for leaf in leaves)
    name, operand = next(iter(rule.items()))
    if name == "exists":
        return bool(leaves) if operand else not anywhere
    return any(_OPERATORS[name](leaf, operand) for leaf in leaves)


def _same(leaf: Scalar, wanted: object) -> bool:
    # Numbers are compared as they are written: 300 and 300.0 are not equal.
    return type(leaf) is type(wanted) and leaf == wanted


def _differs(leaf: Scalar, operand: object) -> bool:
    if isinstance(operand, dict):
        name, inner = next(iter(operand.items()))
        return not any(_OPERATORS[name](leaf, one) for one in _listed(inner))
    return not any(_same(leaf, one) for one in _listed(operand))


def _in_range(leaf: Scalar, operand: object) -> bool:
    if isinstance(leaf, bool) or not isinstance(leaf, int | float) or not isinstance(operand, list):
        return False
    return all(_COMPARES[sign](leaf, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_range(operand: object) -> bool:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        return False
    signs, bounds = operand[::2], operand[1::2]
    return all(sign in _COMPARES for sign in signs) and all(
        isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds
    )


def _can_be_excluded(operand: object) -> bool:
    if isinstance(operand, dict):
        name, inner = next(iter(operand.items()), ("", None))
        texts = _listed(inner)
        return len(operand) == 1 and name in _TEXT_OPERATORS and all(isinstance(one, str) for one in texts)
    return bool(_listed(operand)) and not any(isinstance(one, dict | list) for one in _listed(operand))


_COMPARES: Mapping[object, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_TEXT_OPERATORS = ("prefix", "suffix", "equals-ignore-case")
_OPERATORS: Mapping[str, Callable[[Scalar, object], bool]] = {
    "exists": lambda _leaf, _operand: False,
    "prefix": lambda leaf, operand: isinstance(leaf, str) and leaf.startswith(str(operand)),
    "suffix": lambda leaf, operand: isinstance(leaf, str) and leaf.endswith(str(operand)),
    "equals-ignore-case": lambda leaf, other: (
        isinstance(leaf, str) and leaf.casefold() == str(other).casefold()
    ),
    "numeric": _in_range,
    "anything-but": _differs,
}
_OPERAND_FITS: Mapping[str, Callable[[object], bool]] = {
    "exists": lambda operand: isinstance(operand, bool),
    "prefix": lambda operand: isinstance(operand, str),
    "suffix": lambda operand: isinstance(operand, str),
    "equals-ignore-case": lambda operand: isinstance(operand, str),
    "numeric": _is_range,
    "anything-but": _can_be_excluded,
}
