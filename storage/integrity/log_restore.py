"""Takes over checkpoints and proofs of the log from a store into the ledger, so that the log goes on from there.

In: an archive whose ledger has the chain of custody already. Out: how many checkpoints were taken over, and what
contradicts them. Every checkpoint that a key of the log has signed is taken over, also one that the chain
contradicts: the signer then refuses to go on, and the problem is named. Raises `storage.objects.errors`.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select
from ulid import ULID

from processors.transparency_log.merkle import CompactRange
from storage.archive import Archive
from storage.integrity.held_checkpoint import leaves_of_chain
from storage.ledger.chain import Chain, ChainProblem
from storage.ledger.tables import checkpoint_deliveries, checkpoints
from storage.log.checkpoints import all_in_store, enter_checkpoint
from storage.log.log_keys import keys_in
from storage.log.stored_objects import stored_objects
from storage.objects.keys import PROOFS_PREFIX, checkpoint_key, checkpoint_proof


@dataclass(frozen=True, slots=True)
class RestoredLog:
    """How many checkpoints the ledger lacked, and those that the chain contradicts."""

    checkpoints: int
    problems: tuple[ChainProblem, ...]


def restore_log(archive: Archive, chain: Chain) -> RestoredLog:
    """Enter what the store has of the log; what is known already stays."""
    keys = keys_in(link.entry for link in chain.entries).keys
    if not keys:
        return RestoredLog(0, ())
    found = {each.size: each for each in all_in_store(archive.objects, keys)}
    with archive.writer.begin() as connection:
        known = set(connection.execute(select(checkpoints.c.size)).scalars())
        for each in found.values():
            enter_checkpoint(connection, each, str(each.version_id))
        delivered = set(connection.execute(select(checkpoint_deliveries.c.proof_key)).scalars())
        for version in stored_objects(archive.objects, PROOFS_PREFIX):
            try:
                size, outlet = checkpoint_proof(version.key)
            except ValueError:
                continue  # `letapis verify` names it
            if version.key not in delivered and size in known | set(found):
                row = {"id": str(ULID()), "at": version.stored_at, "size": size, "outlet": outlet, "problem": None}
                place = {"proof_key": version.key, "proof_version": version.version_id}
                connection.execute(insert(checkpoint_deliveries).values(**row, **place))
    roots = {size: each.checkpoint.root for size, each in found.items()}
    return RestoredLog(len(set(found) - known), tuple(_contradicted(chain, roots)))


def _contradicted(chain: Chain, roots: dict[int, bytes]) -> list[ChainProblem]:
    leaves = leaves_of_chain(chain)
    last, grown = len(leaves.hashes), CompactRange()
    problems = [
        ChainProblem(checkpoint_key(size), "entries", str(size), str(last))
        for size in sorted(roots)
        if size > last
    ]
    for size, leaf in enumerate(leaves.known(leaves.whole) or [], start=1):
        grown.append(leaf)
        if size in roots and grown.root() != roots[size]:
            problems.append(ChainProblem(checkpoint_key(size), "root", roots[size].hex(), grown.root().hex()))
    return problems
