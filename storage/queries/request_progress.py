"""How far the work on a request has come, address by address, out of custody and catalogue.

In: a reading connection, a `Request`, and the addresses that have a result. Out: a `Stage` for each of the others.
No word of the scheduler is needed for it: what a worker has begun stands in custody before it fetches anything.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import Connection, case, select

from storage.catalogue.tables import warcs
from storage.ledger.crawl_facts import ENDED, STARTED
from storage.ledger.requests import Request
from storage.ledger.tables import custody


class Stage(StrEnum):
    """What is being done for an address; ``WAITING``: no worker has begun with it."""

    WAITING = "waiting"
    FETCHING = "fetching"
    DEPOSITING = "depositing"
    READING = "reading"
    TIMESTAMPING = "timestamping"


def stages_of_request(
    connection: Connection, request: Request, with_result: Collection[int]
) -> Mapping[int, Stage]:
    """The stage of each address that has no result yet, by its number from 0.

    A crawl that an earlier version began does not say which address it is of: it counts as the first that waits.
    """
    left = [number for number in range(len(request.urls)) if number not in with_result]
    if not left:
        return {}
    facts = custody.c.details["facts"]
    begun = (
        select(custody.c.subject_id, facts["request_number"]["value"].astext.label("number"))
        .where(
            custody.c.event == STARTED,
            custody.c.at >= request.at,
            facts["request"]["value"].astext == request.id,
        )
        .order_by(custody.c.seq)
    )
    crawls: dict[int, str] = {}
    for row in connection.execute(begun):
        waiting = next((number for number in left if number not in crawls), left[0])
        crawls[int(row.number) - 1 if row.number else waiting] = row.subject_id
    stages = _stages_of_crawls(connection, [crawls[number] for number in left if number in crawls])
    return {number: stages.get(crawls.get(number, ""), Stage.WAITING) for number in left}


def _stages_of_crawls(connection: Connection, crawl_ids: list[str]) -> dict[str, Stage]:
    found: dict[str, Stage] = dict.fromkeys(crawl_ids, Stage.FETCHING)
    ended = set(
        connection.scalars(
            select(custody.c.subject_id).where(custody.c.subject_id.in_(crawl_ids), custody.c.event == ENDED)
        )
    )
    processed = case((warcs.c.processed_with.is_(None), False), else_=True)
    query = select(warcs.c.crawl_id, processed.label("processed")).where(warcs.c.crawl_id.in_(crawl_ids))
    read: dict[str, bool] = {}
    for row in connection.execute(query):
        read[row.crawl_id] = read.get(row.crawl_id, True) and row.processed
    for crawl_id, is_read in read.items():
        if crawl_id not in ended:
            found[crawl_id] = Stage.DEPOSITING
        else:
            found[crawl_id] = Stage.TIMESTAMPING if is_read else Stage.READING
    return found
