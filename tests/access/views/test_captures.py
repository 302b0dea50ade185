"""A capture whose payload stands in an earlier file shows it, and says where it stands."""

import io
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator

from access.views.captures import one_capture, picture, raw_record
from access.views.media import one_medium
from pipeline.process.run import process_pending
from processors.digest import sha256
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, PICTURE, deposit_night, one_capture_of
from tests.storage.catalogue.test_revisits import picture as photo


@pytest.fixture
def nights(archive: Archive, tmp_path: Path) -> tuple[Capture, Capture]:
    """The same photo on two nights: the capture that holds it, and the revisit."""
    deposit_night(archive, tmp_path, [photo(FIRST)])
    deposit_night(archive, tmp_path, [photo(AGAIN, later=True)])
    process_pending(archive)
    return one_capture_of(archive, FIRST), one_capture_of(archive, AGAIN)


def test_the_facts_of_a_revisit_name_the_capture_that_holds_its_payload(
    archive: Archive, nights: tuple[Capture, Capture]
) -> None:
    first, again = nights
    facts = one_capture(archive, again.id)
    assert facts is not None
    assert (facts["payload_capture_id"], facts["picture"]) == (first.id, True)
    assert facts["medium"] == str(sha256(PICTURE))
    of_the_first = one_capture(archive, first.id)
    assert of_the_first is not None and of_the_first["payload_capture_id"] is None


def test_its_picture_is_shown_and_its_record_handed_out_as_it_was_sealed(
    archive: Archive, nights: tuple[Capture, Capture]
) -> None:
    _, again = nights
    viewer = Viewer("analyst")
    shown = picture(archive, again.id, viewer=viewer)
    raw = raw_record(archive, again.id, viewer=viewer)
    assert shown is not None and b"".join(shown.content) == PICTURE
    assert raw is not None
    (record,) = ArchiveIterator(io.BytesIO(b"".join(raw.content)), parse_http=False)
    assert record.headers["WARC-Refers-To-Target-URI"] == FIRST


def test_both_nights_are_occurrences_of_the_medium(archive: Archive, nights: tuple[Capture, Capture]) -> None:
    medium = one_medium(archive, str(sha256(PICTURE)))
    assert medium is not None
    assert [capture["url"] for capture in medium["captures"]] == [FIRST, AGAIN]
