"""What openings are made of: commands that are said to the system and to the oracle, and compared."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from tests.properties.order_books import Who
from tests.properties.order_figures import Asked, Change, Rule, Terms
from tests.properties.order_player import Player
from tests.properties.order_saying import ANN, SAM
from tests.world import Context, module

ON_ORDER, ON_SHIPMENT, IN_YEN = 0, 1, 3
"""Of the customers of a fresh company, in the order in which they came."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def place(player: Player, asked: list[Asked], rule: Rule | None = None, **more: Any) -> str:
    name = offer(player, asked, rule, **more)
    assert name, player.log[-1]
    return name


def offer(
    player: Player,
    asked: list[Asked],
    rule: Rule | None = None,
    *,
    who: Who = SAM,
    draft: bool = False,
    buyer: int = ON_ORDER,
    terms: Terms | None = None,
) -> str:
    """Place an order, or be refused."""
    player.pass_time(MINUTE)
    customer = list(player.company.buyers)[buyer]
    body = player.bodies.order(customer, asked, rule, terms, draft=draft)
    made = player.send(
        "POST",
        "/v1/orders",
        body,
        who,
        lambda: player.company.place(who, customer, asked, rule, terms, draft=draft),
    )
    if not made:
        return ""
    player.register(*made)
    return str(made[0].id)


def quote(player: Player, asked: list[Asked], who: Who = SAM) -> str:
    name = place(player, asked, who=who, draft=True)
    until = player.company.now + HOUR
    body = {"expires_at": until.isoformat(), "reserve": True}
    tell(player, name, "quote", body, lambda: player.company.quote(name, until, None, reserve=True), ANN)
    return name


def say(player: Player, name: str, command: str, who: Who) -> None:
    company = player.company
    oracle: Mapping[str, Callable[[], Any]] = {
        "approve": lambda: company.approve(who, name, None),
        **{one: lambda: company.drop(who, name, command, None) for one in ("reject", "recall")},
        **{one: lambda: company.bind(who, name, command, None) for one in ("confirm", "accept")},
        **{one: lambda: company.end(name, command, None) for one in ("revise", "lose", "discard")},
        "close": lambda: company.close(name, None),
        "reopen": lambda: company.reopen(name, None),
    }
    body = {"reason": "no"} if command in {"reject", "recall"} else {}
    tell(player, name, command, body, oracle[command], who)


def amend(player: Player, name: str, change: Change, who: Who = SAM) -> None:
    made = try_to_amend(player, name, change, who)
    assert made, player.log[-1]


def try_to_amend(player: Player, name: str, change: Change, who: Who = SAM) -> bool:
    """Amend an order, or be refused; tell which."""
    version = player.company.orders[name].version
    made = player.send(
        "PATCH",
        f"/v1/orders/{name}",
        player.bodies.amendment(change),
        who,
        lambda: player.company.amend(who, name, change, version),
        headers={"If-Match": f'"{version}.0"'},
    )
    player.look(player.company.orders[name])
    return made is not None


def cancel(player: Player, name: str, units: Mapping[int, int] | None) -> None:
    body = player.bodies.named(units)
    made = tell(player, name, "cancel", body, lambda: player.company.cancel(name, units, None), ANN)
    assert made, player.log[-1]


def ship(player: Player, name: str, units: Mapping[int, int] | None) -> None:
    body = player.bodies.named(units)
    tell(player, name, "shipments", body, lambda: player.company.ship(name, units, None), ANN)


def ask_return(player: Player, name: str, units: Mapping[int, int]) -> str:
    body = player.bodies.named(units, reason="too big")
    made = tell(player, name, "returns", body, lambda: player.company.ask_return(name, units, None), ANN)
    if not made:
        return ""
    made[0].id = made[1].body["id"]
    player.company.returns[made[0].id] = made[0]
    return str(made[0].id)


def step(player: Player, back: str, command: str, body: object, said: Mapping[int, int] | None) -> None:
    path = f"/v1/returns/{back}/{command}"
    player.send("POST", path, body, ANN, lambda: player.company.step(back, command, said))
    player.look(player.company.orders[player.company.returns[back].order])


def expire(player: Player) -> None:
    ended = module("expiry").handler({"action": "expire"}, Context())["expired"]
    player.agree(ended == player.company.expire_all(), f"{ended} quotes expired")


def tell(
    player: Player, name: str, path: str, body: object, oracle: Callable[[], Any], who: Who
) -> tuple[Any, Any] | None:
    made = player.send("POST", f"/v1/orders/{name}/{path}", body, who, oracle)
    player.look(player.company.orders[name])
    return made
