"""Lambda event filters decide as the developer guide says."""

import json

import pytest

from infra.local.filters import PatternRefused, compiled, passes

EVENT = {
    "eventName": "MODIFY",
    "dynamodb": {
        "SizeBytes": 300,
        "Keys": {"pk": {"S": "ord_1"}},
        "NewImage": {
            "kind": {"S": "order"},
            "note": {"S": ""},
            "count": {"N": "42"},
            "gone": {"NULL": True},
            "nothing": None,
            "effects": {"M": {"billing": {"BOOL": True}}},
            "tags": {"SS": ["red", "green"]},
            "lines": {"L": [{"M": {"sku": {"S": "A"}}}, {"M": {"sku": {"S": "B"}, "gift": {"BOOL": True}}}]},
        },
    },
}


def allows(pattern: object) -> bool:
    return passes([compiled(json.dumps(pattern))], EVENT)


def image(**fields: object) -> dict[str, object]:
    return {"dynamodb": {"NewImage": fields}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["INSERT", "MODIFY"]},
        image(kind={"S": ["stock", "order"]}),
        {"eventName": ["MODIFY"], **image(kind={"S": ["order"]})},
        image(note={"S": [""]}),
        image(nothing=[None]),
        image(kind={"S": [{"prefix": "ord"}]}),
        image(kind={"S": [{"suffix": "der"}]}),
        image(kind={"S": [{"equals-ignore-case": "ORDER"}]}),
        image(kind={"S": [{"anything-but": ["stock"]}]}),
        image(kind={"S": [{"anything-but": "stock"}]}),
        image(kind={"S": [{"anything-but": {"prefix": "st"}}]}),
        image(kind={"S": [{"exists": True}]}),
        image(absent={"S": [{"exists": False}]}),
        {"dynamodb": {"OldImage": {"kind": {"S": [{"exists": False}]}}}},
        {"dynamodb": {"SizeBytes": [{"numeric": [">", 10, "<=", 300]}]}},
        {"dynamodb": {"SizeBytes": [{"numeric": ["=", 300]}]}},
        {"dynamodb": {"SizeBytes": [300]}},
        {"$or": [{"eventName": ["REMOVE"]}, image(kind={"S": ["order"]})]},
        image(effects={"M": {"billing": {"BOOL": [True]}}}),
        image(tags={"SS": ["green"]}),
        image(lines={"L": {"M": {"sku": {"S": ["B"]}, "gift": {"BOOL": [True]}}}}),
    ],
)
def test_a_record_that_a_pattern_describes_passes(pattern: object) -> None:
    passed = allows(pattern)

    assert passed


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["INSERT"]},
        {"eventName": ["MODIFY"], **image(kind={"S": ["stock"]})},
        image(kind={"S": ["Order"]}),
        image(kind={"S": [{"anything-but": ["stock", "order"]}]}),
        image(kind={"S": [{"anything-but": {"suffix": "der"}}]}),
        image(absent={"S": [{"anything-but": ["x"]}]}),
        image(absent={"S": ["x"]}),
        image(kind={"S": [{"exists": False}]}),
        image(gone={"NULL": [None]}),
        {"dynamodb": {"SizeBytes": [300.0]}},
        {"dynamodb": {"SizeBytes": [{"numeric": ["<", 300]}]}},
        {"dynamodb": {"SizeBytes": ["300"]}},
        {"$or": [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}]},
        image(effects={"M": {"billing": {"BOOL": [1]}}}),
        image(lines={"L": {"M": {"sku": {"S": ["A"]}, "gift": {"BOOL": [True]}}}}),
        image(lines={"L": {"M": {"gift": {"BOOL": [{"exists": False}]}}}}),
    ],
)
def test_a_record_that_a_pattern_does_not_describe_is_held_back(pattern: object) -> None:
    passed = allows(pattern)

    assert not passed


def test_exists_finds_leaves_and_never_a_map() -> None:
    on_map = image(effects={"M": [{"exists": True}]})
    on_leaf = image(effects={"M": {"billing": {"BOOL": [{"exists": True}]}}})

    passed = (allows(on_map), allows(on_leaf))

    assert passed == (False, True)


def test_numbers_of_items_are_texts_so_numeric_never_matches_them() -> None:
    numeric = image(count={"N": [{"numeric": ["=", 42]}]})
    text = image(count={"N": ["42"]})

    passed = (allows(numeric), allows(text))

    assert passed == (False, True)


def test_a_field_named_twice_means_both_as_in_the_developer_guide() -> None:
    twice = (
        '{"dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}, "dynamodb": {"Keys": {"pk": {"S": ["%s"]}}}}'
    )

    passed = [passes([compiled(twice % key)], EVENT) for key in ("ord_1", "ord_2")]

    assert passed == [True, False]


def test_several_filters_are_alternatives_and_none_lets_everything_through() -> None:
    inserts, orders = (
        compiled('{"eventName": ["INSERT"]}'),
        compiled(json.dumps(image(kind={"S": ["order"]}))),
    )

    passed = [passes([inserts, orders], EVENT), passes([inserts], EVENT), passes([], EVENT)]

    assert passed == [True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"eventName": "INSERT"}',
        '{"eventName": []}',
        '{"eventName": [["INSERT"]]}',
        '{"eventName": [{"wildcard": "I*"}]}',
        '{"eventName": [{"prefix": 1}]}',
        '{"eventName": [{"exists": "yes"}]}',
        '{"eventName": [{"numeric": ["about", 1]}]}',
        '{"eventName": [{"numeric": [">"]}]}',
        '{"eventName": [{"anything-but": [{"prefix": "x"}]}]}',
        '{"eventName": [{"prefix": "a", "suffix": "b"}]}',
        '{"$or": ["INSERT"]}',
    ],
)
def test_a_pattern_that_aws_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(PatternRefused):
        compiled(text)
