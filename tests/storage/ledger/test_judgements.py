"""What an analyst said outlives every recomputation and comes back from the store alone."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import Digest, sha256
from processors.similarity.clustering import Verdict
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue.tables import fingerprints
from storage.deposit.deposit import deposit_file
from storage.ledger.judgements import AnalystVerdict, JudgementError, judge, judgements, verdicts_on
from storage.ledger.tables import assertions
from storage.similarity.compare import group_judged, link_new_media
from storage.similarity.media import group_of
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.integrity.test_restore import other

__all__ = ["other"]

NAMES = ("tram/w800/q82", "tram/w960/q80", "tram/c3/w640/q72")
ONE, TWO, THREE = (sha256(media_file(name).content) for name in NAMES)


@pytest.fixture
def pictures(archive: Archive, tmp_path: Path) -> Archive:
    """Three copies of one picture, read and grouped."""
    items = [
        exchange(f"https://cdn.test/{number}.jpg", response(media_file(name).content, "image/jpeg"))
        for number, name in enumerate(NAMES)
    ]
    deposit_file(archive, crawl_one(tmp_path, items))
    process_pending(archive)
    return archive


def judge_pictures(
    archive: Archive, one: Digest, two: Digest, verdict: Verdict, reason: str = "compared side by side"
) -> AnalystVerdict:
    found = judge(archive, one, two, verdict, author="analyst", reason=reason)
    with archive.writer.begin() as connection:
        group_judged(connection, (one, two))
    return found


def together(archive: Archive, one: Digest, two: Digest) -> bool:
    with archive.reader.connect() as connection:
        group = group_of(connection, one)
    return group is not None and two in group.members


def test_different_parts_and_taking_it_back_joins_again(pictures: Archive) -> None:
    assert together(pictures, ONE, TWO)
    first = judge_pictures(pictures, TWO, ONE, Verdict.DIFFERENT, "чужая")
    assert (first.a < first.b, first.supersedes) == (True, None)
    assert not together(pictures, ONE, TWO)
    assert judge_pictures(pictures, ONE, TWO, Verdict.UNDECIDED).supersedes == first.id
    assert together(pictures, ONE, TWO)
    with pictures.reader.connect() as connection:
        assert judgements(connection) == ()
        assert len(connection.execute(select(assertions)).all()) == 2


def test_same_joins_what_no_link_joins(pictures: Archive, tmp_path: Path) -> None:
    unreadable = b"\x89PNG\r\n\x1a\nnot readable"
    later = [exchange("https://cdn.test/x.png", response(unreadable, "image/png"))]
    deposit_file(pictures, crawl_one(tmp_path / "more", later, crawl_id="2"))
    process_pending(pictures)
    assert not together(pictures, ONE, sha256(unreadable))
    judge_pictures(pictures, ONE, sha256(unreadable), Verdict.SAME)
    assert together(pictures, TWO, sha256(unreadable))


def test_a_recomputation_and_a_rebuild_keep_to_it(pictures: Archive, other: Archive) -> None:
    judge_pictures(pictures, ONE, TWO, Verdict.DIFFERENT, "іншы трамвай")
    with pictures.writer.begin() as connection:
        connection.execute(fingerprints.update().values(compared=False))
        assert link_new_media(connection, pictures.hash_folder) == 3
    assert not together(pictures, ONE, TWO)
    rebuild(pictures)
    assert not together(pictures, ONE, TWO)
    rebuild(other)
    assert not together(other, ONE, TWO)
    with pictures.reader.connect() as here, other.reader.connect() as there:
        assert verdicts_on(there, ONE) == verdicts_on(here, ONE)


def test_a_medium_is_not_judged_against_itself(pictures: Archive) -> None:
    with pytest.raises(JudgementError, match="nothing was written"):
        judge(pictures, ONE, ONE, Verdict.SAME, author="analyst", reason="one file")


@pytest.mark.parametrize("reason", ["", " \n", "\u00a0"])
def test_a_judgement_without_a_reason_is_not_kept(pictures: Archive, reason: str) -> None:
    with pytest.raises(JudgementError, match="needs a reason"):
        judge(pictures, ONE, TWO, Verdict.DIFFERENT, author="analyst", reason=reason)
    with pictures.reader.connect() as connection:
        assert verdicts_on(connection, ONE) == ()


def test_what_was_said_cannot_be_changed(pictures: Archive) -> None:
    judge_pictures(pictures, ONE, TWO, Verdict.SAME)
    with pytest.raises(DBAPIError), pictures.writer.begin() as connection:
        connection.execute(assertions.update().values(author="somebody else"))
