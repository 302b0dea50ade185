"""What analysts find out about content: two people for verified and refuted, shown wherever it is looked for."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from access.views import assessments
from access.views.gallery import GalleryFilters, gallery
from access.views.search import found, one_record
from processors.pages.outcome import Outcome
from processors.pages.parse_result import Reading
from processors.records.article import Article
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.records import records_of_capture, replace_reading
from storage.integrity.assessment import (
    AssessmentError,
    NothingToAssess,
    begin_assessment,
    confirm_finding,
    dispute_finding,
    drop_assessment,
    propose_finding,
)
from storage.ledger.assessments import Findings, VerificationStatus
from storage.ledger.custody import entries
from storage.search_index.question import SearchQuery
from tests.access.conftest import ARTICLE, Filled, user_of_header

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
ALA, BASIA, CELINA = (Viewer(name, Role.COLLECTOR) for name in ("ala", "basia", "celina"))
VERIFIED, REFUTED = VerificationStatus.VERIFIED, VerificationStatus.REFUTED
FOUND = Findings(
    "Мінск, плошча Незалежнасці", "20 лістапада, каля 18:00", "супастаўлена з картай", "нататка ўнутры"
)


@pytest.fixture
def clients(filled: Filled) -> Iterator[dict[str, TestClient]]:
    app = create_app(lambda: filled.archive, user_of_header)
    made = {
        name: TestClient(app, headers={"X-User": name, "Accept-Language": "en"})
        for name in ("ala", "basia", "reader")
    }
    yield made
    for client in made.values():
        client.close()


def picture_of(filled: Filled, name: str) -> str:
    return str(filled.one(f"https://vesnik.example/{name}").payload_digest)


def record_of(filled: Filled) -> str:
    with filled.archive.reader.connect() as connection:
        return next(records_of_capture(connection, filled.one(ARTICLE).id)).record_id


def status(archive: Archive, name: str) -> str:
    return str(assessments.verification_of(archive, name)["status"])


def test_a_medium_goes_from_unverified_to_verified_by_two_people_and_to_disputed_by_one(filled: Filled) -> None:
    archive, medium = filled.archive, picture_of(filled, "a.png")
    assert status(archive, medium) == "unverified"
    unverified = gallery(archive, GalleryFilters(small=True, status=VerificationStatus.UNVERIFIED))
    assert medium in {item["sha256"] for source in unverified["sources"] for item in source["items"]}
    begin_assessment(archive, medium, actor=ALA)
    assert status(archive, medium) == "in_work"
    proposal = propose_finding(archive, medium, VERIFIED, FOUND, actor=ALA)
    assert status(archive, medium) == "in_work", "one person verifies nothing"
    with pytest.raises(AssessmentError, match="your own"):
        confirm_finding(archive, proposal.seq, actor=ALA)
    with pytest.raises(AssessmentError, match="your own"):
        confirm_finding(archive, proposal.seq, actor=replace(ALA, name="Ala"))
    with pytest.raises(AssessmentError, match="your own proposal"):
        dispute_finding(archive, medium, actor=ALA, note="не")
    with pytest.raises(AssessmentError, match="waits for a second person already"):
        propose_finding(archive, medium, REFUTED, FOUND, actor=BASIA)
    confirm_finding(archive, proposal.seq, actor=BASIA)

    row = assessments.verification_of(archive, medium)
    assert (row["status"], row["by"], row["place"], row["happened"], row["method"]) == (
        "verified",
        ["ala", "basia"],
        FOUND.place,
        FOUND.happened,
        FOUND.method,
    )
    with pytest.raises(AssessmentError, match="answered or taken back before"):
        confirm_finding(archive, proposal.seq, actor=CELINA)
    with pytest.raises(AssessmentError, match="verified already"):
        propose_finding(archive, medium, VERIFIED, FOUND, actor=CELINA)
    dispute_finding(archive, medium, actor=CELINA, note="іншы дом")
    row = assessments.verification_of(archive, medium)
    assert (row["status"], row["by"], row["place"]) == ("disputed", [], None), "what is disputed stands no more"
    assert [act["event"].removeprefix("assessment_") for act in row["history"]] == [
        "begun",
        "proposed",
        "confirmed",
        "disputed",
    ]
    again = propose_finding(archive, medium, REFUTED, FOUND, actor=CELINA)
    assert status(archive, medium) == "disputed"
    confirm_finding(archive, again.seq, actor=ALA)
    assert status(archive, medium) == "refuted"


def test_what_was_taken_back_or_given_up_leaves_what_stood_before(filled: Filled) -> None:
    archive, medium = filled.archive, picture_of(filled, "b.jpg")
    propose_finding(archive, medium, REFUTED, FOUND, actor=ALA)
    with pytest.raises(AssessmentError, match="who alone may take it back"):
        drop_assessment(archive, medium, actor=BASIA)
    drop_assessment(archive, medium, actor=ALA)
    assert status(archive, medium) == "unverified"
    with pytest.raises(AssessmentError, match="nothing is in work"):
        drop_assessment(archive, medium, actor=ALA)
    with pytest.raises(AssessmentError, match="nothing to disagree with"):
        dispute_finding(archive, medium, actor=BASIA, note="не")
    proposal = propose_finding(archive, medium, VERIFIED, FOUND, actor=ALA)
    confirm_finding(archive, proposal.seq, actor=BASIA)
    propose_finding(archive, medium, REFUTED, FOUND, actor=CELINA)
    assert status(archive, medium) == "disputed", "whoever proposes the contrary disagrees"
    drop_assessment(archive, medium, actor=CELINA)
    assert status(archive, medium) == "disputed"


@pytest.mark.parametrize(
    ("name", "findings", "said"),
    [
        ("b.jpg", Findings(method=" "), "the method"),
        ("b.jpg", Findings(method="a\nb"), "the method"),
        ("b.jpg", Findings(method="m" * 2001), "the method"),
        ("b.jpg", Findings(method="m", place="a\x07"), "a place"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    filled: Filled, name: str, findings: Findings, said: str
) -> None:
    with filled.archive.reader.connect() as connection:
        before = len(entries(connection))
    with pytest.raises(AssessmentError, match=said):
        propose_finding(filled.archive, picture_of(filled, name), VERIFIED, findings, actor=CELINA)
    with pytest.raises(NothingToAssess, match="found nothing of this name"):
        begin_assessment(filled.archive, "sha256:" + "0" * 64, actor=CELINA)
    with pytest.raises(AssessmentError, match="one of its versions"):
        begin_assessment(filled.archive, record_of(filled), actor=CELINA, version_id="9f" * 32)
    with filled.archive.reader.connect() as connection:
        assert len(entries(connection)) == before


def test_nothing_but_what_it_is_about_stands_openly_in_custody(filled: Filled) -> None:
    medium = picture_of(filled, "fake.png")
    proposal = propose_finding(filled.archive, medium, REFUTED, FOUND, actor=ALA)
    with filled.archive.reader.connect() as connection:
        (entry,) = [each for each in entries(connection, subject_id=medium) if each.seq == proposal.seq]
    for word in ("ala", "refuted", "in_work", FOUND.place, FOUND.method, FOUND.note):
        assert str(word).encode() not in entry.canonical(), word
    assert b'"subject_kind":"medium"' in entry.canonical()


def test_a_record_is_verified_on_its_page_found_by_its_status_and_keeps_the_version_it_was_about(
    filled: Filled, clients: dict[str, TestClient]
) -> None:
    record = record_of(filled)
    page = clients["ala"].get(f"/record/{record}").text
    version = re.findall('name="version_id" value="([0-9a-f]+)"', page)[0]
    assert "Nobody has said yet" in page
    assert 'action="/assessments"' not in clients["reader"].get(f"/record/{record}").text
    form = {"name": record, "version_id": version, "place": "Мінск", "method": "<b>карта</b>", "note": "для сваіх"}
    sent = clients["ala"].post(
        "/assessments", data=form | {"action": "verified"}, headers=OWN_PAGE, follow_redirects=False
    )
    assert (sent.status_code, sent.headers["location"]) == (303, f"/record/{record}#verification")
    assert "It waits for a second person." in clients["basia"].get("/assessments").text
    number = clients["basia"].get("/api/assessments").json()["rows"][0]["waiting"]["custody_seq"]
    own = clients["ala"].post("/assessments", data={"action": "confirm", "proposal": number}, headers=OWN_PAGE)
    assert (own.status_code, "your own" in own.text) == (422, True)
    foreign = clients["basia"].post("/api/assessments", json={"action": "confirm", "proposal": number})
    assert foreign.status_code == 403, "a form of another page"
    answer = clients["basia"].post(
        "/api/assessments", json={"action": "confirm", "proposal": number}, headers=OWN_PAGE
    )
    assert (answer.status_code, answer.json()["status"]) == (201, "verified")
    shown = clients["reader"].get(f"/record/{record}").text
    assert "on version 1" in shown
    assert "&lt;b&gt;карта&lt;/b&gt;" in shown
    assert "edited since" not in shown

    for wanted, count in ((("verified",), 1), (("unverified",), 0), (("refuted", "disputed"), 0)):
        rows = found(filled.archive, SearchQuery(kind=("article",), verification=wanted)).rows
        assert [row["verification"] for row in rows] == ["verified"] * count, wanted
    narrowed = clients["reader"].get("/search", params={"verification": "verified"}).text
    assert record in narrowed
    assert "Verification status" in narrowed
    assert clients["reader"].get("/search", params={"verification": "sure"}).status_code == 422
    csv = clients["reader"].get("/search.csv", params={"verification": "verified"}).text
    assert ",verified," in csv
    refuted, other = (f"/medium/{picture_of(filled, name)}" for name in ("a.png", "b.jpg"))
    pages = {
        each: clients["reader"].get("/media", params={"small": "true", "verification": each}).text
        for each in ("", *VerificationStatus)
    }
    assert [each for each, text in pages.items() if refuted in text] == ["", "refuted"]
    assert [each for each, text in pages.items() if other in text] == ["", "disputed"]
    assert '<span class="tag bad">refuted</span>' in pages["refuted"]
    assert clients["reader"].get("/media", params={"verification": "certain"}).status_code == 422

    capture = filled.one(ARTICLE)
    edited = Article(url=ARTICLE, title="Затрыманні на плошчы", text="Сведкі паведамляюць пра іншае.")
    reading = Reading(
        url=ARTICLE, kind="news", outcome=Outcome.CONTENT, parser_version="test-2", records=(edited,)
    )
    later = filled.one("https://zlo.example/")
    with filled.archive.writer.begin() as connection:
        replace_reading(connection, later, reading)
    assert capture.id != later.id
    row = one_record(filled.archive, record)
    assert row is not None
    assert (len(row["versions"]), row["verification"]["status"]) == (2, "verified")
    number_of_version = [each["version_id"] for each in row["versions"]].index(version) + 1
    assert row["verification"]["version"] == number_of_version
    assert row["verification"]["edited_since"] is (number_of_version == 1)


def test_a_form_that_says_nothing_to_do_or_is_a_readers_is_refused(
    filled: Filled, clients: dict[str, TestClient]
) -> None:
    record = record_of(filled)
    wrong = clients["ala"].post("/assessments", data={"name": record, "action": "x"}, headers=OWN_PAGE)
    assert (wrong.status_code, "Expected begin, verified" in wrong.text) == (422, True)
    unknown = clients["ala"].post("/assessments", data={"name": "nothing", "action": "begin"}, headers=OWN_PAGE)
    assert unknown.status_code == 404
    reader = clients["reader"].post("/assessments", data={"name": record, "action": "begin"}, headers=OWN_PAGE)
    assert reader.status_code == 403
