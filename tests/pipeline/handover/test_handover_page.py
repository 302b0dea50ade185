"""The page Hand over, above the desk of a running installation."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from access.rendering.stored_sentences import HANDOVER
from pipeline.handover.choosing import COPIES, ORIGINALS, SEEN, WORDS
from pipeline.handover.desk import ExportDesk
from pipeline.handover.register import register_package
from pipeline.handover.selection import FrozenSelection
from processors.digest import sha256
from storage.access_labels import Role, Viewer
from tests.pipeline.handover.test_choosing import capture_ids
from tests.storage.labelled_archive import CASE, OPEN, SECRET, Labelled

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def people(handed: Labelled) -> Iterator[dict[str, TestClient]]:
    """The pages as three custodians and a collector have them; ala is a member of the case."""
    roles = {"ala": Role.CUSTODIAN, "basia": Role.CUSTODIAN, "celina": Role.COLLECTOR}
    viewers = {name: Viewer(name, role) for name, role in roles.items()}
    apps = {
        name: create_app(lambda: handed.archive, lambda viewer=viewer: viewer, handover=ExportDesk())
        for name, viewer in viewers.items()
    }
    clients = {name: TestClient(app) for name, app in apps.items()}
    yield clients
    for client in clients.values():
        client.close()


def test_a_custodian_previews_and_saves_a_selection_that_they_may_see(
    people: dict[str, TestClient], handed: Labelled
) -> None:
    secret = capture_ids(handed.archive, SECRET)[0]
    asked = {"ids": secret, "case": CASE, "level": "court"}
    page = people["ala"].get("/handover", params=asked).text
    assert "The court, and with it every party" in page
    assert f">{SECRET}<" in page
    sent = {**asked, "recipient": "Tribunal <2>", "language": "be", "opened": "actor, details.reason"}
    answer = people["ala"].post("/handover", data=sent, headers=OWN_PAGE)
    frozen = FrozenSelection.from_json(answer.content)
    assert frozen.opened == ("actor", "details.reason")
    assert answer.headers["content-disposition"] == f'attachment; filename="selection-{frozen.package_id}.json"'
    assert (frozen.recipient.name, frozen.exhibits[0].subject_id) == ("Tribunal <2>", secret)

    register_package(handed.archive, frozen, sha256(b"page"), actor="ala")
    assert "Tribunal &lt;2&gt;" in people["ala"].get("/handover").text
    assert "Tribunal &lt;2&gt;" not in people["basia"].get("/handover").text
    changed = people["ala"].get("/handover", params={"recipient": "Tribunal <2>"}).text
    assert frozen.exhibits[0].number in changed


def test_a_custodian_who_is_no_member_finds_nothing_of_the_case_on_the_page(
    people: dict[str, TestClient], handed: Labelled
) -> None:
    secret = capture_ids(handed.archive, SECRET)[0]
    page = people["basia"].get("/handover", params={"ids": secret, "case": CASE, "level": "court"}).text
    assert "The archive shows nothing under this id." in page
    assert SECRET not in page
    sent = {"ids": secret, "recipient": "Tribunal", "level": "court"}
    refused = people["basia"].post("/handover", data=sent, headers=OWN_PAGE)
    assert refused.status_code == 422
    assert "nothing was disclosed" in refused.text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"recipient": "A Court", "level": "court"}, "Nothing is chosen"),
        ({"recipient": "A Court", "text": "convoy"}, "A Court has no level"),
        ({"level": "court", "text": "convoy"}, "expected a name on one line"),
        ({"recipient": "A Court", "level": "court", "since": "soon"}, "is not a valid date"),
    ],
)
def test_a_form_that_cannot_be_handed_over_is_refused_in_a_sentence(
    people: dict[str, TestClient], sent: dict[str, str], said: str
) -> None:
    answer = people["ala"].post("/handover", data=sent, headers=OWN_PAGE)
    assert answer.status_code == 422
    assert said in answer.text


def test_the_page_is_for_custodians_and_takes_no_form_of_another_site(
    people: dict[str, TestClient], handed: Labelled
) -> None:
    assert people["celina"].get("/handover").status_code == 403
    assert 'href="/handover"' in people["ala"].get("/handover").text
    shown = capture_ids(handed.archive, OPEN)[0]
    sent = {"ids": shown, "recipient": "A Court", "level": "court"}
    assert people["ala"].post("/handover", data=sent, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_every_sentence_of_a_preview_is_known_to_the_translations() -> None:
    assert {*WORDS.values(), *SEEN.values(), COPIES, ORIGINALS} == HANDOVER
