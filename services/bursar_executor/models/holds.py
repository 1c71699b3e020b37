"""The most that one request to one model can take."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.dialects.body import decode_object
from bursar.dialects.dialect import Dialect
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.costs import hold_cost
from bursar.prices.rows import PriceRow
from bursar.tokens.chats import count_chat_async
from bursar_executor.backends.backend import Hold


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be sent, to which model, and what it may take. `input_tokens` is our own
    count of what it sends.
    """

    body: bytes
    model: str
    hold: Hold
    input_tokens: int


async def prepared(
    body: bytes, model: str, max_output_tokens: int, dialect: Dialect, price: PriceRow | None
) -> Prepared:
    """Input by a bound of its count, output by the bound that goes out, money by the dearest
    rates.
    """
    fields = decode_object(body) or {}
    count = await count_chat_async(fields, model, dialect.CHAT_FORMAT)
    cost_nano_usd = 0 if price is None else hold_cost(price, count.bound_tokens, max_output_tokens)
    amounts = ledger_pb2.Amounts(
        requests=1,
        input_tokens=count.bound_tokens,
        output_tokens=max_output_tokens,
        cost_nano_usd=cost_nano_usd,
    )
    return Prepared(body, model, Hold(amounts, price), count.tokens)
