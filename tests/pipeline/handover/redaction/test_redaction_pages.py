"""The pages that make redacted copies, above the desk of a running installation."""

import html
import io
import re
from collections.abc import Iterator
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from access.app import create_app
from pipeline.config.settings import variable
from pipeline.handover.redaction.desk import CopiesDesk
from storage.access_labels import Role, Viewer
from storage.integrity.withdrawal import confirm, propose_restoration, quarantine
from storage.ledger.redactions import Redaction, redactions
from tests.access.conftest import picture
from tests.pipeline.handover.redaction.covered_archive import TEXT, CoveredArchive

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
BOX = {"left-0": "25", "top-0": "25", "right-0": "50,0", "bottom-0": "50", "style-0": "black"}


def boxes(count: int) -> dict[str, str]:
    """So many of them, as the script of the page numbers their rows."""
    return {name.replace("0", str(number)): value for number in range(count) for name, value in BOX.items()}


@pytest.fixture(scope="module")
def people(covered: CoveredArchive) -> Iterator[dict[str, TestClient]]:
    """The pages as a custodian and a collector have them, with the settings of the archive."""
    viewers = (Viewer("kust", Role.CUSTODIAN), Viewer("celina", Role.COLLECTOR))
    clients = {
        viewer.name: TestClient(
            create_app(lambda: covered.archive, lambda viewer=viewer: viewer, redaction=CopiesDesk()),
            headers={"Accept-Language": "en"},
        )
        for viewer in viewers
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable("data"), str(covered.labelled.settings.data))
        yield clients
    for client in clients.values():
        client.close()


def kept(covered: CoveredArchive) -> tuple[Redaction, ...]:
    with covered.archive.reader.connect() as connection:
        return redactions(connection)


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_box_is_previewed_then_kept_with_a_reason_and_listed_with_who_and_why(
    people: dict[str, TestClient], covered: CoveredArchive
) -> None:
    custodian, path = people["kust"], f"/capture/{quote(covered.photo.id)}"
    assert f'href="{path}/redact"' in custodian.get(path).text
    assert f'href="{path}/redact"' not in people["celina"].get(path).text
    assert people["celina"].get(f"{path}/redact").status_code == 403
    assert people["celina"].post(f"{path}/redact", data=BOX, headers=OWN_PAGE).status_code == 403
    before = kept(covered)

    form = custodian.get(f"{path}/redact").text
    original = custodian.get(f"{path}/redact/page?number=1")
    assert f'src="{path}/redact/page?number=1"' in form
    assert original.headers["content-type"] == "image/png"
    assert pixels(original.content)[61:119, 81:159].any()
    seen = custodian.post(
        f"{path}/redact", data={**BOX, "reason": "her face", "action": "preview"}, headers=OWN_PAGE
    )
    assert seen.status_code == 200, words_of(seen.text)
    assert '<rect x="25.0" y="25.0" width="25.0" height="25.0">' in seen.text
    (address,) = re.findall(r'src="([^"]+&amp;box=[^"]+)"', seen.text)
    assert not pixels(custodian.get(html.unescape(address)).content)[60:120, 80:160].any()
    assert kept(covered) == before

    answer = custodian.post(
        f"{path}/redact",
        data={**BOX, "reason": "her <face>", "action": "keep"},
        headers=OWN_PAGE,
        follow_redirects=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/redactions?original={path[9:]}")
    newest = kept(covered)[-1]
    assert (newest.original_id, newest.actor, newest.reason) == (covered.photo.id, "kust", "her <face>")
    listed = custodian.get(answer.headers["location"]).text
    assert "her &lt;face&gt;" in listed
    assert "box on page 1, from 25.0, 25.0 to 50.0, 50.0 % of width and height" in words_of(listed)
    assert f'href="/capture/{quote(newest.copy_id)}"' in listed
    copy = custodian.get(f"/capture/{quote(newest.copy_id)}/picture").content
    assert not pixels(copy)[60:120, 80:160].any()
    assert "/redact" not in re.sub(r"/redactions", "", custodian.get(f"/capture/{quote(newest.copy_id)}").text)
    assert people["celina"].get("/redactions").status_code == 403


def pixels(content: bytes) -> np.ndarray:
    found = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert found.shape == np.asarray(Image.open(io.BytesIO(picture("PNG")))).shape
    return found


def test_words_of_a_record_are_shown_with_bars_before_they_are_kept(
    people: dict[str, TestClient], covered: CoveredArchive
) -> None:
    custodian, path = people["kust"], f"/record/{covered.post}/redact"
    assert f'href="{path}"' in custodian.get(f"/record/{covered.post}").text
    assert TEXT in html.unescape(custodian.get(path).text)
    sent = {"words-0": "аўгінк", "words-2": "пстрыкоўн", "reason": "a witness", "action": "preview"}
    seen = custodian.post(path, data=sent, headers=OWN_PAGE)
    assert "На плошчы ▮ сказала пра 17 лістапада. ▮ няма." in words_of(seen.text)
    assert 'value="пстрыкоўн"' in seen.text
    before = kept(covered)
    custodian.post(path, data={**sent, "field:media": "true", "action": "keep"}, headers=OWN_PAGE)
    (newest,) = kept(covered)[len(before) :]
    assert [dict(each) for each in newest.steps] == [{"cover": "words"}] * 2 + [
        {"cover": "field", "field": "media"}
    ]
    listed = words_of(custodian.get("/redactions", params={"original": covered.post}).text)
    assert "words words the whole field" in listed and "a witness" in listed


def test_of_a_video_and_a_document_every_part_can_be_drawn_on_and_a_preview_is_saved(
    people: dict[str, TestClient], covered: CoveredArchive
) -> None:
    custodian = people["kust"]
    film, document = (f"/capture/{quote(each.id)}/redact" for each in (covered.film, covered.document))
    assert "/frame?at_ms=1200" in custodian.get(film, params={"at_s": 1.2}).text
    sent = {**BOX, "from-0": "0.5", "to-0": "0,9", "silent-from-0": "1", "reason": "a voice", "action": "preview"}
    saved = custodian.post(film, data=sent, headers=OWN_PAGE)
    assert saved.headers["content-disposition"] == 'attachment; filename="preview.mp4"'
    assert saved.content[4:8] == b"ftyp"
    form = custodian.get(document).text
    assert re.findall(r'data-page="(\d)"', form) == ["1", "2"]
    grown = custodian.post(document, data={**BOX, "page-0": "2", "action": "more"}, headers=OWN_PAGE).text
    assert grown.count("data-box>") == 4 + 1  # what was written, three more, and the empty one for the script


@pytest.mark.parametrize(
    ("of", "sent", "sentence"),
    [
        ("photo", {"reason": "x"}, "Nothing is covered yet"),
        ("photo", BOX, "Say why it is covered"),
        ("photo", {**BOX, "right-0": "1e999", "reason": "x"}, "Box 1: expected a number, found “1e999”"),
        ("photo", {**BOX, "right-0": "150", "reason": "x"}, "expected a fraction of the side, from 0 to 1"),
        ("photo", {**BOX, "right-0": "10", "reason": "x"}, "expected left before right"),
        ("photo", {**BOX, "page-0": "9", "reason": "x"}, "a region is on page 9"),
        ("photo", {**boxes(61), "reason": "x"}, "A form covers at most 60 boxes"),
        ("post", {"words-0": "Nobody", "reason": "x"}, "there is nothing to cover for 'Nobody'"),
        ("post", {"words-0": "...", "reason": "x"}, "at least one letter or digit"),
        ("page", {**BOX, "reason": "x"}, "cannot be covered"),
    ],
)
def test_what_cannot_be_covered_is_said_on_the_page_with_what_was_written_and_nothing_is_kept(
    people: dict[str, TestClient], covered: CoveredArchive, of: str, sent: dict[str, str], sentence: str
) -> None:
    before = kept(covered)
    path = f"/record/{covered.post}" if of == "post" else f"/capture/{quote(getattr(covered, of).id)}"
    answer = people["kust"].post(f"{path}/redact", data={**sent, "action": "keep"}, headers=OWN_PAGE)
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)
    assert all(f'value="{value}"' in answer.text for name, value in sent.items() if name == "words-0")
    assert kept(covered) == before
    assert people["kust"].post(f"{path}/redact", data=sent).status_code == 403


def test_what_is_withdrawn_can_be_drawn_on_by_nobody_and_its_copies_are_not_listed(
    people: dict[str, TestClient], covered: CoveredArchive
) -> None:
    custodian, path = people["kust"], f"/capture/{quote(covered.voice.id)}/redact"
    sent = {"silent-all": "true", "reason": "a voice", "action": "keep"}
    assert custodian.post(path, data=sent, headers=OWN_PAGE).status_code == 200
    name = kept(covered)[-1].copy_id
    assert name in html.unescape(custodian.get("/redactions").text).replace("%3A", ":")
    quarantine(covered.archive, covered.voice.id, actor="kust", reason="asked by a court")
    assert custodian.get(path).status_code == 410
    assert custodian.get(f"{path}/page").status_code == 410
    assert custodian.post(path, data=sent, headers=OWN_PAGE).status_code == 410
    assert name not in html.unescape(custodian.get("/redactions").text).replace("%3A", ":")
    back = propose_restoration(covered.archive, covered.voice.id, actor="kust", reason="agreed", second="ala")
    confirm(covered.archive, back.seq, actor="ala")
    assert custodian.get(path).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "?at_s=nan",
        "?at_s=1e400",
        "?first=0",
        "/page?number=99",
        "/page?box=0.1",
        "/page?box=nan,0,1,1,black",
        "/page?box=0,0,1,1,glass",
        "/page?box=0.9,0,0.1,1,black",
    ],
)
def test_an_odd_address_is_answered_in_words(
    people: dict[str, TestClient], covered: CoveredArchive, address: str
) -> None:
    answer = people["kust"].get(f"/capture/{quote(covered.photo.id)}/redact{address}")
    assert (answer.status_code, "Invalid request" in answer.text) == (422, True)


def test_without_a_desk_the_pages_say_so(covered: CoveredArchive) -> None:
    viewer = Viewer("kust", Role.CUSTODIAN)
    with TestClient(create_app(lambda: covered.archive, lambda: viewer)) as client:
        for path in ("/redactions", f"/capture/{covered.photo.id}/redact", f"/record/{covered.post}/redact"):
            assert client.get(path).status_code == 503
