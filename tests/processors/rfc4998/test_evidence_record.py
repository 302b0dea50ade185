"""Evidence records: trees lead to one root, records come back as written, and no altered bit passes."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rfc3161.cms import content_info
from processors.rfc3161.token import time_query
from processors.rfc4998.evidence_record import (
    ArchiveTimeStamp,
    EvidenceRecord,
    EvidenceRecordError,
    check_evidence_record,
    first_record,
    read_evidence_record,
)
from processors.rfc4998.hash_tree import hash_tree, root_over
from tests.moving_authority import YEAR, MovingAuthority

ABOUT = "запіс у летапісе".encode()


@given(
    st.lists(st.binary(min_size=1), min_size=1, max_size=40, unique=True), st.sampled_from(("sha256", "sha512"))
)
def test_every_leaf_leads_to_the_root_and_no_other_digest_does(leaves: list[bytes], algorithm: str) -> None:
    tree = hash_tree(leaves, algorithm)
    root = hashlib.new(algorithm, tree.stamped).digest()

    for leaf, reduced in zip(leaves, tree.reduced, strict=True):
        assert root_over(hashlib.new(algorithm, leaf).digest(), reduced, algorithm) == root
        if reduced:
            with pytest.raises(ValueError, match="in its first list, found others"):
                root_over(hashlib.new(algorithm, leaf + b"x").digest(), reduced, algorithm)


@dataclass(frozen=True)
class Renewed:
    record: EvidenceRecord
    roots: tuple[bytes, ...]


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Renewed:
    """Renewed by a tree of three, then by itself, then by another digest."""
    moving = MovingAuthority(tmp_path_factory.mktemp("moving") / "one", at=datetime(2026, 11, 30, tzinfo=UTC))
    record, roots = first_record(moving.reply(time_query(ABOUT).content)), [moving.roots.read_bytes()]
    for number, algorithm in ((2, "sha256"), (0, "sha256"), (1, "sha512"), (0, "sha512")):
        moving.move(2 * YEAR + timedelta(days=30))
        others = [f"another {each}".encode() for each in range(number)]
        tree = hash_tree([record.to_be_stamped(ABOUT, algorithm), *others], algorithm)
        token = content_info(moving.reply(time_query(tree.stamped, algorithm).content))
        record = record.renewed(ArchiveTimeStamp(algorithm, tree.reduced[0], token))
        roots.append(moving.roots.read_bytes())
    return Renewed(record, tuple(roots))


def test_a_record_comes_back_as_it_was_written_and_every_token_holds(renewed: Renewed) -> None:
    written = renewed.record.encoded()
    checked = check_evidence_record(read_evidence_record(written), ABOUT, renewed.roots)

    assert read_evidence_record(written) == renewed.record
    assert [len(chain) for chain in renewed.record.chains] == [3, 2]
    assert [each.token.at.year for each in checked] == [2026, 2028, 2031, 2033, 2035]


def test_a_record_about_something_else_is_refused_with_both_digests(renewed: Renewed) -> None:
    with pytest.raises(EvidenceRecordError) as refused:
        check_evidence_record(renewed.record, b"other", renewed.roots)

    assert refused.value.what == "token 1 of 5: imprint"
    assert refused.value.found == f"sha256:{hashlib.sha256(ABOUT).hexdigest()}"


def test_a_token_that_came_after_the_certificates_before_it_had_ended_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    moving = MovingAuthority(tmp_path_factory.mktemp("late") / "one", at=datetime(2026, 11, 30, tzinfo=UTC))
    record = first_record(moving.reply(time_query(ABOUT).content))
    moving.move(4 * YEAR)
    late = content_info(moving.reply(time_query(record.to_be_stamped(ABOUT, "sha256")).content))
    record = record.renewed(ArchiveTimeStamp("sha256", (), late))

    with pytest.raises(
        EvidenceRecordError, match=r"token 2 of 2: its time: expected .*, while the one before it held"
    ):
        check_evidence_record(record, ABOUT, [moving.roots.read_bytes()] * 2)


@given(st.data())
def test_no_flipped_bit_before_the_newest_token_passes(renewed: Renewed, data: st.DataObject) -> None:
    content = bytearray(renewed.record.encoded())
    newest = content.index(renewed.record.stamps[-1].token)  # of which parts are covered by the next token alone
    place = data.draw(st.integers(0, newest * 8 - 1))
    content[place // 8] ^= 1 << place % 8

    with pytest.raises(EvidenceRecordError):
        check_evidence_record(read_evidence_record(bytes(content)), ABOUT, renewed.roots)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_are_refused(content: bytes) -> None:
    with pytest.raises(EvidenceRecordError):
        read_evidence_record(content)
