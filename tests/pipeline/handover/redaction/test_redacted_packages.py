import base64
import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
import pytest
from PIL import Image

from pipeline.handover.building import hand_over
from pipeline.handover.choosing import COPIES, ORIGINALS, SEEN, Choice, ChoiceRefusedError, preview
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.package_key import PackageKey
from pipeline.handover.preview_rows import preview_rows
from pipeline.handover.redaction.copies import RedactionRefusedError, draft_copy, keep_copy
from pipeline.handover.selection import CaptureRole, DisclosureLevel, FrozenSelection
from processors.digest import sha256
from processors.redaction.regions import LOSSY_MARGIN
from processors.redaction.steps import steps_of
from storage.access_labels import EVERYONE, Role, Viewer
from storage.catalogue.captures import capture_by_id, captures_by_ids
from storage.integrity.assessment import confirm_finding, propose_finding
from storage.integrity.withdrawal import confirm, propose_restoration, quarantine
from storage.ledger.assessments import Findings, VerificationStatus
from storage.ledger.custody import entries
from storage.ledger.redactions import Redaction, redactions
from storage.log.signing import sign_next_checkpoint
from storage.warc.reader import WarcReader
from tests.access.conftest import picture
from tests.pipeline.handover.redaction.covered_archive import (
    LETTERS,
    NAME,
    TEXT,
    CoveredArchive,
    film_and_voice,
    portrait,
    screenshot,
    thumbnail,
)
from tests.processors.redaction.test_moving import MUTED, RATE, frames_of, samples_of
from tests.storage.labelled_archive import OPEN
from tests.storage.log.log_archive import signer_at

KUST = Viewer("kust", Role.CUSTODIAN, every_label=True)
ALA = Viewer("ala", Role.COLLECTOR, every_label=True)
COURT = DisclosureLevel.COURT
REASON = "a witness who is a child"
STEMS = ("аўгінк", "пстрыкоўн")
WORDS = {
    "reason": REASON,
    "steps": [{"cover": "words", "words": each, "reason": "her name"} for each in STEMS],
}
BOX = {"cover": "region", "left": 0.25, "top": 0.25, "right": 0.5, "bottom": 0.5, "reason": "her face"}
REGION = {"reason": REASON, "steps": [BOX]}


def keep(covered: CoveredArchive, name: str, steps: Any) -> Redaction:
    wanted = steps_of(steps)
    draft = draft_copy(covered.archive, name, wanted, viewer=KUST)
    return keep_copy(covered.archive, draft, wanted, spool_dir=covered.spool, actor="kust")


def built(covered: CoveredArchive, folder: Path, *ids: str, **more: Any) -> tuple[Path, FrozenSelection]:
    sign_next_checkpoint(covered.archive, signer_at(covered.spool.parent / "log.key"), actor="tester")
    recipient = recipient_of("Court of the covered", "court", None, "be")
    selection = freeze(covered.archive, Choice(ids=ids, **more), recipient, viewer=KUST)
    hand_over(covered.archive, selection, folder / "package", key=PackageKey.generate(), viewer=KUST)
    return folder / "package", selection


def every_byte(package: Path) -> list[tuple[str, bytes]]:
    """Every file, what is packed in it, and what is packed in that."""
    files = sorted(each for each in package.rglob("*") if each.is_file())
    return [found for each in files for found in unpacked(each.relative_to(package).as_posix(), each.read_bytes())]


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for each in opened.namelist():
                yield from unpacked(f"{name}/{each}", opened.read(each))
    elif content.startswith(b"\x1f\x8b"):
        yield from unpacked(f"{name} unpacked", gzip.decompress(content))
    elif b"WARC/1.1" in content[:16]:
        reader = WarcReader(io.BytesIO(content), name)
        while (head := reader.next_record()) is not None:
            yield from unpacked(f"{name}/{head.record_id}", b"".join(map(bytes, reader.block())))
            reader.end_record()
    elif b"<html" in content[:200].lower():
        for place, packed in enumerate(re.findall(rb"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", content)):
            yield f"{name}, picture {place}", base64.b64decode(packed)
    elif content.startswith(b"%PDF"):
        for place, stream in enumerate(content.split(b"stream\n")[1:]):
            if stream.startswith(b"\xff\xd8"):
                yield f"{name}, picture {place}", stream.split(b"\nendstream")[0]
            try:
                yield f"{name}, stream {place}", zlib.decompressobj().decompress(stream)
            except zlib.error:
                continue
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            text = "\n".join(page.extract_text() or "" for page in pdf.pages)
        yield f"{name}, letters", text.encode()


def places_of(content: list[tuple[str, bytes]], *forms: bytes) -> list[str]:
    return sorted({name for name, each in content for form in forms if form in each or form in each.lower()})


def forms_of(*words: str) -> tuple[bytes, ...]:
    found = []
    for word in words:
        for text in (word, word.upper(), word.capitalize()):
            found += [text.encode(), text.encode("utf-16-le"), text.encode("cp1251")]
            found.append(json.dumps(text).strip('"').encode())
    return tuple(found)


def test_a_covered_post_goes_with_bars_and_no_byte_of_the_package_has_its_words(
    covered: CoveredArchive, tmp_path: Path
) -> None:
    about = Findings(f"дом, дзе жыве {NAME}", "2026-11-17", "compared with her photo", None)
    found = propose_finding(covered.archive, covered.post, VerificationStatus.VERIFIED, about, actor=KUST)
    confirm_finding(covered.archive, found.seq, actor=ALA)
    kept = keep(covered, covered.post, WORDS)
    package, selection = built(covered, tmp_path, covered.post, covered.other)
    content = every_byte(package)
    assert places_of(content, *forms_of(*STEMS)) == []
    assert places_of(content, REASON.encode(), b"her name", b"kust") == []

    (own, neighbour) = (each for each in selection.exhibits)
    assert [(each.capture_id, each.role) for each in own.captures] == [
        (covered.page.id, CaptureRole.COVERED),
        (kept.copy_id, CaptureRole.REDACTED),
        (covered.photo.id, CaptureRole.MEDIUM),
    ]
    stated = json.loads((package / "data" / "records" / f"{own.number}.json").read_bytes())
    (record,) = [each for each in stated["records"] if each["id"] == covered.post]
    (sighting,) = record["sightings"]
    assert sighting["content"]["text"] == "На плошчы ▮ сказала пра 17 лістапада. ▮ няма."
    assert (sighting["version_id"], sighting["capture_id"]) == (None, covered.page.id)
    assert stated["redaction_note"]["be"].startswith("▮ стаіць там")
    (entered,) = stated["redactions"]
    assert (entered["copy_id"], entered["original_id"], entered["steps"]) == (
        kept.copy_id,
        covered.post,
        [{"cover": "words"}] * 2,
    )
    assert entered["original_sha256"] == str(covered.page.payload_digest)
    (status,) = [each for each in stated["verification"] if each["subject_id"] == covered.post]
    assert (status["status"], status["people"]) == ("verified", 2)
    assert {status[each] for each in ("version_id", "place", "happened", "method")} == {None}

    answer = json.loads((package / "data" / "records" / f"{neighbour.number}.json").read_bytes())
    (reply,) = [each for each in answer["records"] if each["id"] == covered.other]
    assert reply["sightings"][0]["content"]["reply_to"]["text"] == record["sightings"][0]["content"]["text"]
    html = (package / "data" / "report" / "report.html").read_text("utf-8")
    assert "На плошчы ▮ сказала" in html and "Што схавана" in html
    assert kept.copy_id in html and str(covered.page.payload_digest) in html

    checked = verified(package)
    assert checked.returncode == 0, checked.stdout
    assert "This is the redacted copy that entry" in checked.stdout
    assert "can be seen with the original alone" in checked.stdout
    (*_, summed) = preview_rows(preview(covered.archive, Choice(ids=(covered.post,)), COURT, viewer=EVERYONE))
    assert summed["covered"] == [COPIES]
    altered_copy_is_named(package)


def verified(package: Path) -> subprocess.CompletedProcess[str]:
    verifier = [sys.executable, "-I", str(package / "data" / "verify" / "verify.py"), str(package)]
    return subprocess.run(verifier, capture_output=True, text=True, timeout=120, check=False)


def altered_copy_is_named(package: Path) -> None:
    """Entry and copy that do not belong together are named."""
    wacz = next((package / "data" / "evidence").glob("*.wacz"))
    content = wacz.read_bytes()
    at = content.index(b"archive/data.warc.gz") + 600
    wacz.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert verified(package).returncode != 0
    wacz.write_bytes(content)


def test_covered_pictures_documents_videos_and_sound_go_in_place_of_originals_wherever_these_were_captured(
    covered: CoveredArchive, tmp_path: Path
) -> None:
    kept = keep(covered, covered.photo.id, REGION)
    with covered.archive.reader.connect() as connection:
        copy = capture_by_id(connection, kept.copy_id)
    assert copy is not None
    assert (copy.url, copy.access_label, copy.source_id) == (
        f"urn:redacted:{covered.photo.id}",
        covered.photo.access_label,
        covered.photo.source_id,
    )
    whole = {**BOX, "left": 0, "top": 0, "right": 1, "bottom": 0.5}
    keep(covered, covered.document.id, {"reason": REASON, "steps": [whole]})
    for each in (covered.screenshot, covered.portrait):
        keep(covered, each.id, REGION)
    muted = {"cover": "sound", "from_s": MUTED.from_s, "to_s": MUTED.to_s}
    filmed = keep(covered, covered.film.id, {"reason": REASON, "steps": [BOX, muted]})
    muted_voice = keep(covered, covered.voice.id, {"reason": REASON, "steps": [muted]})
    elsewhere = f"sha256:{sha256(picture('PNG')).hex}"
    originals = covered.screenshot, covered.portrait, covered.document, covered.film, covered.voice
    package, selection = built(covered, tmp_path, covered.photo.id, elsewhere, *(each.id for each in originals))
    assert [[each.role.value for each in exhibit.captures][:2] for exhibit in selection.exhibits] == [
        ["covered", "redacted"]
    ] * 7

    found = every_byte(package)
    assert places_of(found, *forms_of(*LETTERS.lower().split(), *STEMS)) == []
    pictures, (film, voice) = (picture("PNG", 90), screenshot(), portrait()), film_and_voice()
    for original in (*pictures, film, voice, thumbnail()):
        part = original[len(original) // 2 :][:64]
        assert [name for name, each in found if part in each] == []
    drawn = [(name, shown_in(each)) for name, each in found if each.startswith((b"\x89PNG", b"\xff\xd8"))]
    films = [each for _, each in found if each[4:8] == b"ftyp"]
    drawn += [("film", frame) for each in films for frame in frames_of(each)]
    assert len(films) == 1
    below = [*map(shown_in, pictures), *frames_of(film)]
    assert [name for name, each in drawn for other in below if likeness(each, other, UNDER) > 0.5] == []
    beside = {name for name, each in drawn for other in below if likeness(each, other, BESIDE) > 0.9}
    assert {"film"} < beside and any("report" in name for name in beside)

    for content, place in ((pictures[0], (60, 120, 80, 160)), (pictures[1], (22, 45, 30, 60))):
        pixels = shown_in(content)
        copied = next(each for name, each in drawn if "evidence" in name and each.shape == pixels.shape)
        top, bottom, left, right = place
        assert not copied[top:bottom, left:right].any()
        assert np.array_equal(copied[: top - LOSSY_MARGIN], pixels[: top - LOSSY_MARGIN])
    (sound,) = [each for _, each in found if each.startswith(b"fLaC")]
    for samples in map(samples_of, (sound, *films)):
        assert np.abs(samples[RATE * 6 // 10 : RATE]).max() <= 1
        assert samples[: RATE // 4].any()
    assert {sha256(each).hex for _, each in found} >= {filmed.copy_digest.hex, muted_voice.copy_digest.hex}

    page = preview(covered.archive, Choice(ids=(covered.page.id,)), COURT, viewer=EVERYONE)
    roles = [each.role.value for each in page.exhibits[0].draft.captures]
    assert roles[0] == "covered" and "subject" not in roles


UNDER = 0.3, 0.45
"""Shares of both sides: well within `BOX`."""
BESIDE = 0.6, 0.9


def shown_in(content: bytes) -> Any:
    """The pixels of a picture: rows of red, green and blue."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def likeness(pixels: Any, original: Any, place: tuple[float, float]) -> float:
    """How alike pictures of one shape are in a part, whatever their size: 1 for the same, about 0 else."""
    height, width = original.shape[:2]
    if abs(pixels.shape[1] / pixels.shape[0] - width / height) > 0.05:
        return 0.0
    parts = []
    for each in (pixels, original):
        grey = np.asarray(Image.fromarray(each, "RGB").convert("L").resize((width, height)), float)
        begin, end = place
        parts.append(grey[int(begin * height) : int(end * height), int(begin * width) : int(end * width)].ravel())
    return 0.0 if min(part.std() for part in parts) < 4 else abs(float(np.corrcoef(np.stack(parts))[0, 1]))


def test_originals_go_only_if_they_are_chosen_and_a_selection_from_before_is_refused(
    covered: CoveredArchive, tmp_path: Path
) -> None:
    keep(covered, covered.photo.id, REGION)
    recipient = recipient_of("Court of the covered", "court", None, "be")
    openly = Choice(ids=(covered.photo.id,), with_original=True)
    selection = freeze(covered.archive, openly, recipient, viewer=KUST)
    assert selection.query["with_original"] is True
    (exhibit,) = selection.exhibits
    assert (exhibit.captures[0].capture_id, exhibit.captures[0].role) == (covered.photo.id, CaptureRole.SUBJECT)
    (*_, summed) = preview_rows(preview(covered.archive, openly, COURT, viewer=EVERYONE))
    assert summed["covered"] == [ORIGINALS, SEEN[COURT]]

    before = freeze(covered.archive, Choice(ids=(covered.photo.id,)), recipient, viewer=KUST)
    keep(covered, covered.photo.id, {"reason": "more of it", "steps": [{**BOX, "right": 0.9}]})
    with pytest.raises(ChoiceRefusedError, match="Something of it is covered"):
        hand_over(covered.archive, before, tmp_path / "late", key=PackageKey.generate(), viewer=KUST)
    assert not (tmp_path / "late").exists()
    untouched = preview(covered.archive, Choice(ids=(OPEN,), text="суд"), COURT, viewer=EVERYONE)
    assert all(each.role is not CaptureRole.COVERED for one in untouched.exhibits for each in one.draft.captures)


def test_custody_says_openly_what_is_needed_and_seals_who_why_and_which_words(covered: CoveredArchive) -> None:
    kept = keep(covered, covered.other, {"reason": REASON, "steps": [{"cover": "field", "field": "reply_to"}]})
    with covered.archive.reader.connect() as connection:
        (found,) = redactions(connection, covered.other)
    assert found == kept
    assert (found.actor, found.reason, found.reasons) == ("kust", REASON, ("",))
    assert found.covered == ("https://t.me/vidac/41", TEXT)
    with covered.archive.reader.connect() as connection:
        (entry,) = [each for each in entries(connection, subject_id=kept.warc_key) if each.event == "redacted"]
    stated = entry.canonical().decode()
    assert covered.other in stated and '"field":"reply_to"' in stated
    assert not any(each in stated for each in ("kust", REASON, "плошчы"))
    with pytest.raises(RedactionRefusedError, match="redacted copy itself"):
        keep(covered, kept.copy_id, REGION)


def test_with_its_original_a_copy_is_withdrawn_and_goes_to_nobody_until_both_are_given_back(
    covered: CoveredArchive,
) -> None:
    kept = keep(covered, covered.portrait.id, REGION)
    of_words = keep(covered, covered.post, WORDS)
    archive, chosen = covered.archive, Choice(ids=(covered.portrait.id, covered.post))
    ids = {kept.copy_id, of_words.copy_id}
    for hidden, other in ((covered.portrait.id, of_words.copy_id), (covered.page.id, kept.copy_id)):
        quarantine(archive, hidden, actor="kust", reason="asked by a court")
        with archive.reader.connect() as connection:
            assert captures_by_ids(connection, ids, viewer=EVERYONE).keys() == {other}
        seen = preview(archive, chosen, COURT, viewer=EVERYONE)
        gone = {each.capture_id for one in seen.exhibits for each in one.draft.captures}
        assert not gone & (ids - {other} | {hidden})
        with pytest.raises(RedactionRefusedError, match="found none of this name"):
            keep(covered, (ids - {other}).pop(), REGION)
        back = propose_restoration(archive, hidden, actor="kust", reason="the court agrees", second="ala")
        confirm(archive, back.seq, actor="ala")
    with archive.reader.connect() as connection:
        assert captures_by_ids(connection, ids, viewer=EVERYONE).keys() == ids


@pytest.mark.parametrize(
    ("name", "steps", "sentence"),
    [
        (lambda each: each.post, REGION, "in a capture, not in a record"),
        (lambda each: each.photo.id, WORDS, "words and fields are covered in a record"),
        (
            lambda each: each.post,
            {"reason": "x", "steps": [{"cover": "words", "words": "Nobody"}]},
            "nothing to cover",
        ),
        (lambda each: each.page.id, REGION, "cannot be covered"),
        (lambda each: each.document.id, {"reason": "x", "steps": [{**BOX, "page": 9}]}, "a region is on page 9"),
        (lambda each: each.photo.id, {"reason": "x", "steps": [{**BOX, "from_s": 1}]}, "has no seconds"),
        (lambda _: "urn:uuid:00000000-0000-4000-8000-000000000001", REGION, "found none of this name"),
    ],
)
def test_what_cannot_be_covered_is_refused_with_a_sentence_and_nothing_is_kept(
    covered: CoveredArchive, name: Callable[[CoveredArchive], str], steps: Any, sentence: str
) -> None:
    with covered.archive.reader.connect() as connection:
        before = redactions(connection)
    with pytest.raises(RedactionRefusedError, match=f"{sentence}.*Nothing was kept"):
        keep(covered, name(covered), steps)
    with covered.archive.reader.connect() as connection:
        assert redactions(connection) == before
    assert not covered.spool.exists() or [*covered.spool.iterdir()] == []
