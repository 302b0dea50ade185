"""What becomes of an exchange that was under way when its connection ended.

It is kept as far as it came, marked with how it ended; where nothing of an answer had come, a note says why.
"""

from dataclasses import dataclass

from crawlers.model.exchange import Truncation
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.open_exchange import CLOSED_UNANNOUNCED, OpenExchange, Peer
from crawlers.recorder.session import Session
from processors.pages.outcome import Outcome

NO_ANSWER = "the site closed the connection without an answer"
EARLY = "the answer came before the request had ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended.

    ``announced``: the site said that it had sent everything. ``broken``: the connection broke. ``truncated`` other
    than ``DISCONNECT`` and ``problem``: we ended it, and why. ``failure``: it was never there. ``blame``: what to
    make of a request without an answer.
    """

    announced: bool
    broken: bool
    truncated: Truncation
    problem: str | None
    failure: ConnectFailed | None
    blame: Outcome | None


def settle(session: Session, exchange: OpenExchange, peer: Peer, ending: Ending) -> None:
    """Have the exchange kept, or why there is none."""
    if not exchange.answered:
        failure = ending.failure
        session.note_no_response(
            url=exchange.url,
            page_id=exchange.page_id,
            reason=ending.problem or NO_ANSWER if failure is None else failure.reason,
            outcome=ending.blame if failure is None else failure.outcome,
            request=exchange.request_head,
            interim=tuple(exchange.response.before),
        )
    elif exchange.response.done:
        exchange.keep(peer, None, ending.problem if exchange.request.done else EARLY)
    elif exchange.response.until_close and ending.truncated is Truncation.DISCONNECT and not ending.broken:
        exchange.keep(peer, None, None if ending.announced else CLOSED_UNANNOUNCED)
    else:
        exchange.keep(peer, ending.truncated, ending.problem)
