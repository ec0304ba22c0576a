"""The page of states: orders, shipments, returns, from the tables that the code itself obeys."""

from soms.kit.problems import Words, in_language
from soms.orders import lifecycle, returning, shipping

from infra.reference.page import coded, page, section, table

TITLE: Words = ("States of orders, shipments and returns", "订单、发货与退货的状态")
STATE: Words = ("state", "状态")
COMMAND: Words = ("command", "命令")
TO: Words = ("leads to", "结果状态")
WHEN: Words = ("when", "条件")
MEANING: Words = ("meaning", "含义")
BY_ITSELF: Words = (" (by itself)", "（系统自动）")
OVER: Words = ("nothing more happens", "不再变化")
ORDERS: Words = (
    (
        'An order that is placed without `"status": "draft"` goes through `confirm` at once. Every order '
        "tells in `allowed` what it allows just now; anything else is 409 `invalid_state`, which repeats "
        "`allowed`. What leads to several states leads to the one that follows from the order: "
        "`pending_approval` where an approval rule asks, `cancelled` where no units are left."
    ),
    (
        '下单时未指定 `"status": "draft"` 的订单会立即执行 `confirm`。每张订单的 `allowed` 列出此刻允许的命'
        "令；其他命令一律返回 409 `invalid_state`，并附上 `allowed`。可能有多个结果状态的，取决于订单本身："
        "有审批规则命中则为 `pending_approval`，没有剩余数量则为 `cancelled`。"
    ),
)
SHIPMENTS: Words = (
    (
        "A carrier's news move a shipment onwards only; news that come late or twice are kept and move "
        "nothing."
    ),
    "承运商消息只会使发货状态向前推进；迟到或重复的消息会保留，但不改变状态。",
)
PARTS: tuple[Words, Words, Words, Words] = (
    ("Orders", "订单"),
    ("What each state allows", "各状态允许的命令"),
    ("Shipments", "发货"),
    ("Returns", "退货"),
)


def states(language: str) -> str:
    """Return the page in a language."""
    orders, allows, shipments, returns = (section(words, language) for words in PARTS)
    blocks = [
        *(orders, in_language(ORDERS, language), _meanings(language), _diagram()),
        *(allows, _allows(language)),
        *(shipments, in_language(SHIPMENTS, language), _shipments(language)),
        *(returns, _returns(language)),
    ]
    return page("order-states", TITLE, blocks, language)


def _meanings(language: str) -> str:
    rows = [[f"`{state}`", in_language(words, language)] for state, words in lifecycle.MEANINGS.items()]
    return table((STATE, MEANING), rows, language)


def _diagram() -> str:
    edges: dict[tuple[str, str], list[str]] = {}
    for step in lifecycle.TABLE:
        for state, to in step.leads.items():
            for other in to:
                if other != state:
                    edges.setdefault((state, other), []).append(step.command)
    lines = [f"    {state} --> {other}: {', '.join(commands)}" for (state, other), commands in edges.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> draft", *lines, "```"])


def _allows(language: str) -> str:
    rows = []
    for state in lifecycle.MEANINGS:
        steps = [step for step in lifecycle.TABLE if state in step.leads]
        for step in steps:
            who = "" if step.by_clients else in_language(BY_ITSELF, language)
            when = in_language(step.guard, language)
            rows.append([f"`{state}`", f"`{step.command}`{who}", coded(step.leads[state]), when])
        if not steps:
            rows.append([f"`{state}`", "–", in_language(OVER, language), ""])
    return table((STATE, COMMAND, TO, WHEN), rows, language)


def _shipments(language: str) -> str:
    rows = []
    for state, to in shipping.ONWARDS.items():
        onwards = coded(other for other in shipping.ONWARDS if other in to)
        rows.append([f"`{state}`", onwards or in_language(OVER, language)])
    return table((STATE, TO), rows, language)


def _returns(language: str) -> str:
    rows = [
        [f"`{command}`", coded(states), f"`{to}`"] for command, (states, to) in returning.STEPS.items()
    ]
    return table((COMMAND, STATE, TO), rows, language)
