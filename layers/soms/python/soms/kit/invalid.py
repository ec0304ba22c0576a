"""What pydantic found wrong with a body or a query, as faults in both languages."""

from collections.abc import Mapping

from pydantic import ValidationError

from soms.kit.problems import Fault, Words

_WORDS: Mapping[str, tuple[str, Words]] = {
    "missing": ("required", ("this field is needed", "此字段必填")),
    "extra_forbidden": ("unknown_field", ("this field is not known", "未知字段")),
    "int_type": ("wrong_type", ("a whole number is needed", "须为整数")),
    "int_from_float": ("wrong_type", ("a whole number is needed", "须为整数")),
    "int_parsing": ("wrong_type", ("a whole number is needed", "须为整数")),
    "bool_type": ("wrong_type", ("true or false is needed", "须为 true 或 false")),
    "bool_parsing": ("wrong_type", ("true or false is needed", "须为 true 或 false")),
    "string_type": ("wrong_type", ("a text is needed", "须为文本")),
    "model_type": ("wrong_type", ("an object is needed", "须为对象")),
    "model_attributes_type": ("wrong_type", ("an object is needed", "须为对象")),
    "dict_type": ("wrong_type", ("an object is needed", "须为对象")),
    "list_type": ("wrong_type", ("a list is needed", "须为列表")),
    "tuple_type": ("wrong_type", ("a list is needed", "须为列表")),
    "not_a_decimal": (
        "not_a_decimal",
        ('a decimal such as "12.34" is needed', '须为 "12.34" 形式的十进制数'),
    ),
    "too_many_digits": ("too_many_digits", ("at most {digits} decimal places", "最多 {digits} 位小数")),
    "greater_than": ("too_small", ("must be more than {gt}", "须大于 {gt}")),
    "greater_than_equal": ("too_small", ("must be at least {ge}", "不得小于 {ge}")),
    "less_than": ("too_large", ("must be less than {lt}", "须小于 {lt}")),
    "less_than_equal": ("too_large", ("must be at most {le}", "不得大于 {le}")),
    "string_too_short": ("too_short", ("at least {min_length} characters", "至少 {min_length} 个字符")),
    "string_too_long": ("too_long", ("at most {max_length} characters", "最多 {max_length} 个字符")),
    "string_pattern_mismatch": ("wrong_format", ("must match {pattern}", "须符合格式 {pattern}")),
    "too_short": ("too_few", ("at least {min_length} entries", "至少 {min_length} 项")),
    "too_long": ("too_many", ("at most {max_length} entries", "最多 {max_length} 项")),
    "enum": ("not_one_of", ("must be one of {expected}", "须为以下之一：{expected}")),
    "literal_error": ("not_one_of", ("must be one of {expected}", "须为以下之一：{expected}")),
    "date_from_datetime_parsing": (
        "not_a_date",
        ("a day such as 2026-11-23 is needed", "须为 2026-11-23 形式的日期"),
    ),
    "date_parsing": ("not_a_date", ("a day such as 2026-11-23 is needed", "须为 2026-11-23 形式的日期")),
    "date_type": ("not_a_date", ("a day such as 2026-11-23 is needed", "须为 2026-11-23 形式的日期")),
}
_OTHER: tuple[str, Words] = ("invalid", ("this value is not acceptable", "取值无效"))


def faults_of_body(error: ValidationError) -> tuple[Fault, ...]:
    """Return one fault a field, each with its JSON pointer (RFC 6901)."""
    found = error.errors(include_url=False, include_input=False)
    # pydantic counts only the entries that are right, so a list with a wrong one seems too short as well.
    inner = {one["loc"][:depth] for one in found for depth in range(len(one["loc"]))}
    return tuple(
        Fault(*_told(str(one["type"]), one.get("ctx", {})), pointer=_pointer(one["loc"]))
        for one in found
        if one["type"] != "too_short" or one["loc"] not in inner
    )


def faults_of_query(error: ValidationError) -> tuple[Fault, ...]:
    """Return one fault a query parameter, each with its name."""
    return tuple(
        Fault(*_told(str(one["type"]), one.get("ctx", {})), parameter=str(one["loc"][0]))
        for one in error.errors(include_url=False, include_input=False)
        if one["loc"]
    )


def given_twice(parameter: str) -> Fault:
    """Return the fault of a query parameter that came more than once."""
    return Fault("repeated", ("give this parameter once", "此参数只能出现一次"), parameter=parameter)


def given_empty(parameter: str) -> Fault:
    """Return the fault of a query parameter without a value."""
    return Fault(*_told("string_too_short", {"min_length": 1}), parameter=parameter)


def given_too_long(parameter: str, most: int) -> Fault:
    """Return the fault of a query parameter with more characters than any can have."""
    return Fault(*_told("string_too_long", {"max_length": most}), parameter=parameter)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _told(kind: str, context: Mapping[str, object]) -> tuple[str, Words]:
    if "code" in context and "zh" in context:
        return str(context["code"]), (str(context["en"]), str(context["zh"]))
    code, (english, chinese) = _WORDS.get(kind, _OTHER)
    return code, (english.format(**context), chinese.format(**context))
