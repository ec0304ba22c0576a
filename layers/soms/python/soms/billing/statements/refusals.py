"""Why a file cannot be read: every reason with its words in English and Chinese."""

from collections.abc import Mapping
from typing import Final

Words = tuple[str, str]

REASONS: Final[Mapping[str, Words]] = {
    "empty": ("The file is empty.", "文件为空。"),
    "file_too_large": ("The file is larger than {limit} MB.", "文件超过 {limit} MB。"),
    "too_many_lines": ("The file has more than {limit} lines.", "文件超过 {limit} 行。"),
    "cell_too_long": ("A cell has more than {limit} characters.", "单元格超过 {limit} 个字符。"),
    "too_many_columns": ("The row has more than {limit} columns.", "该行超过 {limit} 列。"),
    "unpacks_too_large": (
        "The workbook unpacks to more than {limit} MB.",
        "工作簿解压后超过 {limit} MB。",
    ),
    "unknown_format": (
        "The file is in none of the formats that can be read.",
        "无法识别文件格式。",
    ),
    "other_format": (
        "The file was said to be {said}, but it is {found}.",
        "声明的格式为 {said}，文件实际为 {found}。",
    ),
    "wrong_encoding": (
        "The text is in none of UTF-8, UTF-16, GB18030 and Windows-1252.",
        "文本编码不是 UTF-8、UTF-16、GB18030 或 Windows-1252。",
    ),
    "damaged": ("The file is damaged: {what}.", "文件已损坏：{what}。"),
    "dtd_refused": (
        "XML with a document type declaration or entities is not read.",
        "不读取带有文档类型声明或实体的 XML。",
    ),
    "nested_too_deep": ("The XML is nested too deeply.", "XML 嵌套过深。"),
    "no_statement": ("The file has no statement in it.", "文件中没有对账单。"),
    "no_header": (
        "No row names a date and an amount in words that are known: {found}.",
        "没有找到包含日期和金额的表头行：{found}。",
    ),
    "not_a_statement": (
        "These are objects of a provider's interface, not what was moved on an account.",
        "该文件是服务商接口的对象数据，不是账户的资金流水。",
    ),
    "web_page": (
        "The file is a web page, whatever its name says; export it as CSV or XLSX.",
        "文件实际是网页，请导出为 CSV 或 XLSX。",
    ),
    "dates_from_1904": (
        "The workbook counts days from 1904; save it with the usual calendar.",
        "工作簿使用 1904 日期系统，请改用默认日期系统保存。",
    ),
    "only_links": (
        "Payout links name no amounts; give them together with the balance transactions.",
        "提现关联文件不含金额，请与余额交易明细一起提供。",
    ),
    "bad_amount": ("{text!r} is not an amount.", "{text!r} 不是金额。"),
    "amount_too_large": ("The amount {text!r} has too many digits.", "金额 {text!r} 位数过多。"),
    "ambiguous_amounts": (
        "It cannot be told whether {text!r} has a decimal or a thousands separator.",
        "无法判断 {text!r} 中的分隔符是小数点还是千位符。",
    ),
    "both_sides": (
        "The row has an amount on the credit and on the debit side.",
        "该行同时有收入和支出金额。",
    ),
    "no_amount": ("The row has no amount.", "该行没有金额。"),
    "no_direction": (
        "{text!r} does not say whether money came in or went out.",
        "{text!r} 无法说明资金是收入还是支出。",
    ),
    "bad_date": ("{text!r} is not a date.", "{text!r} 不是日期。"),
    "no_date": ("The line has no booking date.", "该行没有记账日期。"),
    "ambiguous_dates": (
        "It cannot be told whether {text!r} begins with the day or with the month.",
        "无法判断 {text!r} 以日还是月开头。",
    ),
    "bad_currency": ("{text!r} is not a currency.", "{text!r} 不是货币代码。"),
    "net_is_not_amount_less_fee": (
        "Net {net} is not amount {amount} less fee {fee}.",
        "净额 {net} 不等于金额 {amount} 减手续费 {fee}。",
    ),
    "bad_line": ("The line cannot be read: {text!r}.", "无法读取该行：{text!r}。"),
}


class Unreadable(Exception):
    """A file that cannot be read: why, in both languages, and in which row (from 1) where there is one."""

    def __init__(self, code: str, words: Words, row: int | None = None) -> None:
        super().__init__(words[0] if row is None else f"row {row}: {words[0]}")
        self.code = code
        self.words = words
        self.row = row


def unreadable(code: str, row: int | None = None, **facts: object) -> Unreadable:
    """Return the refusal of that code, its words filled in; long texts are cut."""
    short = {key: value[:60] if isinstance(value, str) else value for key, value in facts.items()}
    english, chinese = REASONS[code]
    return Unreadable(code, (english.format(**short), chinese.format(**short)), row)
