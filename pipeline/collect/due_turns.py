"""Makes the requests of repeats whose turns are due: one ordinary on-demand request for each.

In: an archive, the moment. Out: `DueTurn` for each newest turn that is to be worked on. Guaranteed: a turn is made
once, however often and by however many this is run; of turns that were missed only the newest is made, and it is
given how many were. A turn made by a process that was killed before its work was started is given again until it
has a result or is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from crawlers.model.iso_time import time_text
from storage.archive import Archive
from storage.ledger.repeats import Repeat, lock_turns, repeats_due, turns_made
from storage.ledger.requests import insert_request, results_of_request
from storage.work_queue.claims import order


@dataclass(frozen=True, slots=True)
class DueTurn:
    """The request of the turn that was due at ``due_at``. ``new``: it was made just now.

    ``missed`` counts the turns between it and the last one that was made.
    """

    repeat_id: str
    request_id: str
    turn: int
    turns: int
    due_at: datetime
    new: bool
    missed: int

    def sentence(self) -> str:
        """One line, without addresses: others may read the logs."""
        line = (
            f"Repeat {self.repeat_id}: turn {self.turn} of {self.turns}, due at {time_text(self.due_at)}, is "
            f"request {self.request_id}"
        )
        if not self.new:
            return f"{line}, which was made before and has no result yet."
        if self.missed:
            return f"{line}. Before it {self.missed} turns were missed; they are not made up for."
        return f"{line}."


def make_due_turns(archive: Archive, *, now: datetime | None = None) -> tuple[DueTurn, ...]:
    """Make what is due; returns each newest turn that has no result for some of its addresses."""
    moment = now or datetime.now(UTC)
    found: list[DueTurn] = []
    with archive.writer.begin() as connection:
        lock_turns(connection)
        due = repeats_due(connection, moment)
        made = turns_made(connection, due)
        for repeat in due:
            turn = _newest(connection, repeat, made[repeat.id], moment)
            if turn is not None:
                found.append(turn)
    return tuple(found)


def _newest(connection: Connection, repeat: Repeat, made: Sequence[int], now: datetime) -> DueTurn | None:
    turn = repeat.schedule.newest_turn(now)
    if not repeat.schedule.may_be_taken(turn, now):
        return None
    request_id, new = repeat.request_id(turn), turn not in made
    if new:
        insert_request(
            connection,
            actor=repeat.actor,
            urls=repeat.urls,
            reason=repeat.reason,
            case_reference=repeat.case_reference,
            access_label=repeat.access_label,
            engine=repeat.engine,
            egress=repeat.egress,
            video=repeat.video,
            profile=repeat.profile,
            request_id=request_id,
        )
        order(connection, request_id, len(repeat.urls))
    elif len(results_of_request(connection, request_id)) == len(repeat.urls):
        return None
    return DueTurn(
        repeat.id,
        request_id,
        turn,
        repeat.schedule.turns,
        repeat.schedule.due_at(turn),
        new,
        turn - 1 - max((each for each in made if each < turn), default=0) if new else 0,
    )
