"""Finds what looks alike among the media of the catalogue, and groups it by links and judgements.

In: a connection of the writer (a reader's for questions) and the folder of this worker's files of hashes. Out:
rows of links and groups. Guaranteed: every pair of fingerprints is compared once, however many processes read
media at once, and what comes out is what comparing everything with everything from nothing would give, in any
order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, case, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from processors.digest import Digest
from processors.similarity.clustering import Judgement, MediaLink, cluster_media
from processors.similarity.index import Hashes, InMemory
from processors.similarity.match import links_to, nearest_links
from storage.catalogue.links import link_of, link_row
from storage.catalogue.tables import fingerprints, group_members, links, media
from storage.catalogue.tables import groups as groups_table
from storage.catalogue.write_gate import enter, is_beside
from storage.ledger.judgements import joined_by, judgements
from storage.similarity.hash_index import hashes_by_medium, refresh
from storage.similarity.tables import compared, epoch, turns

LOCK_KEY: Final = 7_305_510_004
"""Advisory lock of the comparison: a number of our own; one process compares at a time."""

LOCK_KEY_BESIDE: Final = 7_305_510_009
"""The same for the catalogue that is built beside the one in use: neither waits for the other."""


@dataclass(frozen=True, slots=True)
class FingerprintedMedium:
    """A medium as far as comparing needs it."""

    sha256: Digest
    hashes: Hashes


def link_new_media(connection: Connection, hash_folder: Path) -> int:
    """Find the neighbours of every medium not compared yet and group anew what that touches; returns how many."""
    _compare_alone(connection)
    waiting = select(fingerprints.c.sha256).where(~fingerprints.c.compared).distinct()
    found = hashes_by_medium(connection, fingerprints.c.sha256.in_(waiting))
    if not found:
        return 0
    new = [FingerprintedMedium(digest, hashes) for digest, hashes in found.items()]
    names = [str(each.sha256) for each in new]
    connection.execute(delete(links).where(or_(links.c.a.in_(names), links.c.b.in_(names))))
    _forget(connection, names)
    known = refresh(connection, hash_folder)
    alike = nearest_links((*links_to(new, InMemory(new)), *links_to(new, known)))
    if alike:
        connection.execute(insert(links).on_conflict_do_nothing(), [link_row(link) for link in alike])
    connection.execute(update(fingerprints).where(fingerprints.c.sha256.in_(names)).values(compared=True))
    turn = connection.scalar(select(turns.next_value()))
    connection.execute(insert(compared), [{"turn": turn, "sha256": name} for name in names])
    _group_again(connection, names)
    return len(new)


def similar_to(connection: Connection, medium: FingerprintedMedium, hash_folder: Path) -> tuple[MediaLink, ...]:
    """Links from a picture in hand, which need not be in the archive, to media that are; nearest first."""
    found = links_to([medium], refresh(connection, hash_folder))
    return tuple(sorted(found, key=lambda link: (link.distance_bits, link)))


def group_judged(connection: Connection, pair: tuple[Digest, Digest]) -> None:
    """After a judgement: group the families of both anew."""
    _compare_alone(connection)
    _group_again(connection, [str(digest) for digest in pair])


def group_all_judged(connection: Connection) -> None:
    """Group the families of all judged media anew: while a catalogue was built, people went on judging."""
    _compare_alone(connection)
    judged = {str(digest) for each in _relevant_judgements(connection) for digest in (each.a, each.b)}
    if judged:
        _group_again(connection, sorted(judged))


def forget_media(connection: Connection, names: Sequence[str]) -> None:
    """Take media out that nothing shows any more; what was like them is compared anew by the next comparison.

    Files of hashes have them still, and are made anew.
    """
    if not names:
        return
    _compare_alone(connection)
    some = list(names)
    of_some = or_(links.c.a.in_(some), links.c.b.in_(some))
    found = connection.execute(select(links.c.a, links.c.b).where(of_some)).all()
    in_groups = select(group_members.c.group_id).where(group_members.c.sha256.in_(some)).distinct()
    stale = list(connection.scalars(in_groups))
    members = select(group_members.c.sha256).where(group_members.c.group_id.in_(stale))
    others = ({name for row in found for name in row} | {*connection.scalars(members)}) - {*some}
    connection.execute(delete(group_members).where(group_members.c.group_id.in_(stale)))
    connection.execute(delete(groups_table).where(groups_table.c.id.in_(stale)))
    connection.execute(delete(links).where(of_some))
    connection.execute(delete(fingerprints).where(fingerprints.c.sha256.in_(some)))
    connection.execute(update(fingerprints).where(fingerprints.c.sha256.in_(others)).values(compared=False))
    connection.execute(delete(media).where(media.c.sha256.in_(some)))
    connection.execute(delete(compared).where(compared.c.sha256.in_(some)))
    begin_epoch(connection)


def begin_epoch(connection: Connection) -> None:
    """What files of hashes hold no longer stands: they are made anew."""
    connection.execute(delete(epoch))
    connection.execute(insert(epoch).values(epoch=turns.next_value()))


def _compare_alone(connection: Connection) -> None:
    enter(connection)
    key = LOCK_KEY_BESIDE if is_beside(connection) else LOCK_KEY
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _forget(connection: Connection, names: list[str]) -> None:
    """Media that are compared again stand in files of hashes with their old rows: those no longer hold."""
    gone = connection.execute(delete(compared).where(compared.c.sha256.in_(names))).rowcount
    if gone or connection.scalar(select(epoch.c.epoch)) is None:
        begin_epoch(connection)


def _group_again(connection: Connection, names: list[str]) -> None:
    """Everything that links and judgements reach from these media is grouped from nothing, without its history."""
    judged = _relevant_judgements(connection)
    reached = _connected_media(connection, names, judged)
    old = select(group_members.c.group_id).where(group_members.c.sha256.in_(reached)).distinct()
    stale = list(connection.scalars(old))
    if stale:
        # a group may hold media that links no longer reach: they are grouped again with their own neighbours
        members = select(group_members.c.sha256).where(group_members.c.group_id.in_(stale))
        reached = _connected_media(connection, sorted({*reached, *connection.scalars(members)}), judged)
        connection.execute(delete(group_members).where(group_members.c.group_id.in_(stale)))
        connection.execute(delete(groups_table).where(groups_table.c.id.in_(stale)))
    among = select(links).where(links.c.a.in_(reached))
    inside = set(reached)
    judged_inside = [each for each in judged if {str(each.a), str(each.b)} <= inside]
    for cluster in cluster_media([link_of(row) for row in connection.execute(among)], judged_inside):
        connection.execute(
            insert(groups_table).values(id=cluster.id, members=len(cluster.members)).on_conflict_do_nothing()
        )
        rows = [{"group_id": cluster.id, "sha256": str(member)} for member in cluster.members]
        connection.execute(insert(group_members).on_conflict_do_nothing(), rows)


def _relevant_judgements(connection: Connection) -> list[Judgement]:
    """Judgements about media that the catalogue has, both of them."""
    judged = judgements(connection)
    names = {str(digest) for each in judged for digest in (each.a, each.b)}
    there = set(connection.scalars(select(media.c.sha256).where(media.c.sha256.in_(sorted(names)))))
    return [each for each in judged if {str(each.a), str(each.b)} <= there]


def _connected_media(connection: Connection, names: list[str], judged: list[Judgement]) -> list[str]:
    """These media and all that chains of links and judgements reach from them."""
    same = joined_by(judged)
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        reached |= set(_linked_to(connection, sorted(waiting)))
        judged_same = {str(other) for name in reached for other in same.get(Digest.parse(name), ())}
        waiting = judged_same - reached
    return sorted(reached)


def _linked_to(connection: Connection, names: list[str]) -> list[str]:
    reached = select(media.c.sha256.label("name")).where(media.c.sha256.in_(names)).cte("reached", recursive=True)
    other: Any = case((links.c.a == reached.c.name, links.c.b), else_=links.c.a)
    onward = select(other).join(reached, or_(links.c.a == reached.c.name, links.c.b == reached.c.name))
    return [str(name) for name in connection.scalars(select(reached.union(onward).c.name))]
