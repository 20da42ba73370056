"""Contents of an options API: chains. Pure; any JSON goes in.

A chain is what was asked for when its symbol, its day and its rows say so, and it is worth
something when its rows have prices that are possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cockpit.kinds.json_query import Json, kind_of, number, short
from cockpit.kinds.smoke.options_checks import UPSTREAM, payload
from cockpit.kinds.smoke.reply import Outcome, failed, unknown, warned
from cockpit.model import Doubt, DoubtKind, Verdict


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain reply taken apart. `underlying` is the price, None when not given."""

    calls: tuple[Mapping[str, Json], ...]
    puts: tuple[Mapping[str, Json], ...]
    symbol: str | None = None
    expiration: str | None = None
    underlying: float | None = None
    stated: float | None = None
    odd: int = 0

    @property
    def size(self) -> int:
        """Contracts on both sides."""
        return len(self.calls) + len(self.puts)


def chain_of(data: Json) -> Chain | None:
    """The chain in a reply, None when it has no such shape."""
    inner = payload(data)
    if isinstance(inner, list) and not inner:
        return Chain((), ())
    if not isinstance(inner, Mapping) or "calls" not in inner or "puts" not in inner:
        return None
    calls, puts = inner["calls"], inner["puts"]
    if not isinstance(calls, list) or not isinstance(puts, list):
        return None
    rows = (
        tuple(row for row in calls if isinstance(row, Mapping)),
        tuple(row for row in puts if isinstance(row, Mapping)),
    )
    symbol, expiration = inner.get("symbol"), inner.get("expiration_date")
    return Chain(
        calls=rows[0],
        puts=rows[1],
        symbol=symbol if isinstance(symbol, str) else None,
        expiration=expiration if isinstance(expiration, str) else None,
        underlying=number(inner.get("underlying_price")),
        stated=number(inner.get("total_contracts")),
        odd=len(calls) + len(puts) - len(rows[0]) - len(rows[1]),
    )


def judge_chain(data: Json, symbol: str, expiration: date | None) -> Outcome:
    """A chain reply: the asked symbol and date, both sides, every row with a strike."""
    chain = chain_of(data)
    if chain is None:
        return failed("CONTRACT", f"{kind_of(payload(data))} without calls and puts")
    if not chain.size:
        text = "no contracts in the chain"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED, act=UPSTREAM)
    if chain.odd:
        return failed("CONTRACT", f"{chain.odd} rows are no contracts")
    if chain.symbol is not None and chain.symbol.upper() != symbol.upper():
        return failed("CONTRACT", f"asked for {symbol}, got {short(chain.symbol, 20)}")
    if expiration and chain.expiration and chain.expiration[:10] != expiration.isoformat():
        return failed("CONTRACT", f"asked for {expiration}, got {short(chain.expiration, 20)}")
    rows = [*chain.calls, *chain.puts]
    wrong = _wrong_rows(rows, symbol, expiration) or _wrong_sides(chain)
    if wrong:
        return failed("CONTRACT", wrong)
    if not any(_is_price(row.get(name)) for row in rows for name in _PRICES):
        text = f"{len(rows)} contracts, none with a price"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED, act=UPSTREAM)
    text = f"{len(chain.calls)} calls, {len(chain.puts)} puts"
    doubts = list(_doubts(chain, rows))
    if not chain.calls or not chain.puts:
        return warned("CONTRACT", f"{text}: one side only", act=UPSTREAM, doubts=doubts)
    return Outcome(Verdict.OK, text, doubts=tuple(doubts))


_PRICES = ("bid", "ask", "last_price")


def _wrong_rows(rows: Sequence[Mapping[str, Json]], symbol: str, expiration: date | None) -> str:
    """What is wrong with rows each by itself, the first sort of wrong only; empty when nothing."""
    of = f"of {len(rows)} contracts"
    bare = sum(number(row.get("strike_price")) is None for row in rows)
    if bare:
        return f"{bare} {of} have no strike"
    days = Counter(_text(row, "expiration_date")[:10] for row in rows)
    days -= Counter({"": days[""], str(expiration): days[str(expiration)]})
    if expiration and days:
        return f"{days.total()} {of} expire {next(iter(days))}, not {expiration}"
    names = Counter(_text(row, "underlying_symbol").upper() for row in rows)
    names -= Counter({"": names[""], symbol.upper(): names[symbol.upper()]})
    if names:
        return f"{names.total()} {of} are of {short(next(iter(names)), 20)}, not of {symbol}"
    quotes = [(number(row.get("bid")), number(row.get("ask"))) for row in rows]
    below = sum((bid or 0) < 0 or (ask or 0) < 0 for bid, ask in quotes)
    if below:
        return f"{below} {of} have a bid or ask below zero"
    # An ask of zero says that nobody offers.
    crossed = sum(bool(bid and ask) and (bid or 0) > (ask or 0) for bid, ask in quotes)
    return f"{crossed} {of} have a bid above their ask" if crossed else ""


def _wrong_sides(chain: Chain) -> str:
    swapped = sum(_side(row) == "put" for row in chain.calls)
    swapped += sum(_side(row) == "call" for row in chain.puts)
    return f"{swapped} contracts stand on the wrong side" if swapped else ""


def _doubts(chain: Chain, rows: Sequence[Mapping[str, Json]]) -> Iterator[Doubt]:
    if chain.stated is not None and chain.stated != len(rows):
        told = f"total_contracts says {chain.stated:g}, {len(rows)} are there"
        yield Doubt(DoubtKind.CONTRADICTS, told)
    if not chain.expiration and not any(_text(row, "expiration_date") for row in rows):
        told = "neither the chain nor a contract names its expiration"
        yield Doubt(DoubtKind.PARTIAL_READ, told)


def _is_price(value: Json) -> bool:
    return (number(value) or 0) > 0


def _text(row: Mapping[str, Json], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _side(row: Mapping[str, Json]) -> str:
    side = row.get("option_type")
    return side.strip().lower() if isinstance(side, str) else ""
