"""Which index serves which filter of the customer list."""

from typing import Final, Protocol

from soms.customers import search, store
from soms.customers.model import Customer
from soms.customers.terms import asked
from soms.kit import paging
from soms.kit.access import Caller
from soms.kit.problems import Fault, FilterUnsupported, InvalidParameter
from soms.kit.settings import Setting

ID: Final = "cus_"


class Filters(Protocol):
    """What a list may be filtered by, one at a time."""

    @property
    def q(self) -> str | None:
        """The beginnings of words of a name, of a number or an address."""

    @property
    def salesperson(self) -> str | None:
        """A sales person's name."""

    @property
    def segment(self) -> str | None:
        """A segment's code."""

    @property
    def limit(self) -> int:
        """How many rows a page has at most."""


def page(filters: Filters, caller: Caller, after: str | None) -> tuple[list[Customer], str | None]:
    """Return one page of the customers asked for that the caller may see, and where it ends.

    Newest first; what is searched for comes by what it was found by.
    """
    own = caller.name if caller.sees_only_own() else None
    given = {"q": filters.q, "salesperson": filters.salesperson, "segment": filters.segment}
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) > 1 or (own and filters.salesperson not in {None, own}):
        raise FilterUnsupported
    if filters.q is not None:
        return _searched(filters.q, caller, filters.limit, after)
    by, value = next(iter(chosen.items()), ("salesperson", own) if own else ("listing", None))
    shards = [f"customer#{shard}" for shard in range(store.SHARDS)] if value is None else [value]
    found = paging.listed(
        Setting.CUSTOMERS,
        f"by_{by}",
        shards,
        partition=by,
        key="listed_key",
        limit=filters.limit,
        after=after,
    )
    customers = [Customer.model_validate(row) for row in found.rows]
    return [one for one in customers if caller.may_see(one.salesperson)], found.next_position


def _searched(query: str, caller: Caller, limit: int, after: str | None) -> tuple[list[Customer], str | None]:
    if query.startswith(ID):
        held = store.find(query)
        return [held] if held and caller.may_see(held.salesperson) else [], None
    wanted = asked(query)
    if not wanted:
        words = ("two letters or digits at least, or one Chinese character", "至少两个字母或数字，或一个汉字")
        raise InvalidParameter(faults=[Fault("too_short", words, parameter="q")])
    return search.found(wanted, lambda one: caller.may_see(one.salesperson), limit=limit, after=after)
