"""Packages that are ordered on the page Hand over: built outside the request, downloaded by who may see them."""

import hashlib
import io
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import expect, sync_playwright

from access.app import create_app
from access.handover_desk import BuildState
from access.rendering.build_states import STEPS
from pipeline.chromium import find_chromium
from pipeline.commands.export import STEPS as STEPS_OF_COMMAND
from pipeline.config.settings import Settings
from pipeline.handover.desk import ExportDesk
from pipeline.handover.ordered_build import PackageNotBuiltError, build_ordered, remove_what_may_not_go
from pipeline.handover.ordered_packages import OrderedPackages
from pipeline.handover.package import PackageProgress
from storage.access_labels import Role, Viewer
from storage.ledger.access_log import accesses_of
from storage.ledger.disclosures import disclosures_to
from storage.ledger.memberships import add_member, remove_member
from tests.pipeline.handover.test_bad_input import no_larger_files, numbers_of
from tests.pipeline.handover.test_choosing import capture_ids, labelled_as
from tests.served_pages import served
from tests.storage.labelled_archive import CASE, SECRET, Labelled

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
PICTURE = "https://secret.example/b.jpg"


@dataclass(frozen=True)
class Pages:
    """The pages as several people have them, and the folder of packages; ala is a member of the case."""

    handed: Labelled
    settings: Settings
    people: dict[str, TestClient]

    @property
    def packages(self) -> OrderedPackages:
        return OrderedPackages(self.settings.packages_folder)

    def order(self, name: str, **sent: str) -> str:
        """The address of the package that this person orders of the case."""
        chosen = {"ids": capture_ids(self.handed.archive, SECRET)[0], "case": CASE, "alone": "true"}
        form = {**chosen, "level": "court", "recipient": "Court of orders", "language": "pl", **sent}
        answer = self.people[name].post("/handover/packages", data=form, headers=OWN_PAGE, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def text(self, name: str, address: str) -> str:
        answer = self.people[name].get(address)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)


@pytest.fixture(scope="module")
def pages(handed: Labelled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("ordered") / "private" / "packages"
    settings = replace(handed.settings, packages=folder)
    roles = {"ala": Role.CUSTODIAN, "basia": Role.CUSTODIAN, "dana": Role.CUSTODIAN, "celina": Role.COLLECTOR}
    desk = ExportDesk(lambda: settings)
    viewers = {name: Viewer(name, role) for name, role in roles.items()}
    apps = {
        name: create_app(lambda: handed.archive, lambda viewer=viewer: viewer, handover=desk)
        for name, viewer in viewers.items()
    }
    clients = {name: TestClient(app, raise_server_exceptions=False) for name, app in apps.items()}
    yield Pages(handed, settings, clients)
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def ready(pages: Pages) -> str:
    """The address of a package of the case that ala has ordered and that was built."""
    address = pages.order("ala", part_mb="1")
    build_ordered(pages.settings, address.rsplit("/", 1)[1])
    return address


def files_on(text: str) -> dict[str, str]:
    """The digests that a page states, by the address of the file."""
    return dict(
        re.findall(r'href="([^"]+/files/[^"]+)" download>[^<]+</a></td><td>[^<]+</td><td class="code">(\w*)', text)
    )


def test_an_order_waits_in_a_private_folder_and_says_that_its_run_was_not_started(pages: Pages) -> None:
    address = pages.order("ala")
    package_id = address.rsplit("/", 1)[1]
    folder = pages.settings.packages_folder
    assert {each.stat().st_mode & 0o077 for each in (folder, *folder.rglob("*"))} == {0}
    assert sorted(each.name for each in (folder / package_id).iterdir()) == [
        "order.json",
        "selection.json",
        "state.json",
    ]
    assert "The order is kept, but its run was not started: " in pages.text("ala", address)
    saved = pages.people["ala"].get(f"{address}/selection.json")
    assert saved.content == pages.packages.selection(package_id).to_json()
    with pages.handed.archive.reader.connect() as connection:
        assert package_id not in {each.package_id for each in disclosures_to(connection)}


def test_a_finished_package_is_downloaded_with_its_digests_and_stands_in_the_register(
    pages: Pages, ready: str
) -> None:
    ala, package_id = pages.people["ala"], ready.rsplit("/", 1)[1]
    text = pages.text("ala", ready)
    found = {address: ala.get(address) for address in files_on(text)}
    assert {answer.status_code for answer in found.values()} == {200}
    parts = {each: answer.content for each, answer in found.items() if not each.endswith(".parts.txt")}
    assert {each: hashlib.sha256(content).hexdigest() for each, content in parts.items()} == {
        each: digest for each, digest in files_on(text).items() if digest
    }
    with zipfile.ZipFile(io.BytesIO(b"".join(parts[each] for each in sorted(parts)))) as whole:
        assert whole.testzip() is None
        selection = whole.read(f"{package_id}/data/selection.json")
    assert selection == pages.packages.selection_bytes(package_id)
    with pages.handed.archive.reader.connect() as connection:
        (entered,) = [each for each in disclosures_to(connection) if each.package_id == package_id]
        looked = [(each.actor, each.action) for each in accesses_of(connection, package_id)]
    assert (entered.actor, entered.recipient) == ("ala", "Court of orders")
    assert str(entered.package_digest) in text
    assert set(looked) == {("ala", "downloaded")}
    assert len(looked) == len(found)
    assert package_id in pages.text("ala", "/handover")


def test_whoever_may_not_see_all_of_it_finds_no_trace_of_a_package(pages: Pages, ready: str) -> None:
    file = next(iter(files_on(pages.text("ala", ready))))
    for address in (ready, f"{ready}/selection.json", file):
        assert pages.people["basia"].get(address).status_code == 404
        assert pages.people["celina"].get(address).status_code == 403
    for act in ("start", "remove"):
        assert pages.people["basia"].post(f"{ready}/{act}", headers=OWN_PAGE).status_code == 404
        strange = pages.people["ala"].post(f"{ready}/{act}", headers={"Sec-Fetch-Site": "cross-site"})
        assert strange.status_code == 403
    assert ready.rsplit("/", 1)[1] not in pages.text("basia", "/handover")
    for name in ("order.json", "built.json", "..%2Forder.json"):
        assert pages.people["ala"].get(f"{ready}/files/{name}").status_code == 404


def test_what_was_withdrawn_since_is_not_given_out_and_its_bytes_go(pages: Pages, ready: str) -> None:
    package_id, ala = ready.rsplit("/", 1)[1], pages.people["ala"]
    file = next(iter(files_on(pages.text("ala", ready))))
    before = {each: ala.get(each).content for each in files_on(pages.text("ala", ready))}
    with labelled_as(pages.handed.archive, "withdrawn", *capture_ids(pages.handed.archive, SECRET)):
        refused = ala.get(file)
        assert (refused.status_code, "It was withdrawn from the archive." in refused.text) == (410, True)
        assert files_on(pages.text("ala", ready)) == {}
        assert remove_what_may_not_go(pages.settings, pages.handed.archive) == (package_id,)
    assert ala.get(file).status_code == 404
    assert "It was withdrawn from the archive." in pages.text("ala", ready)
    assert pages.packages.standing(package_id).state is BuildState.REMOVED

    # given back, it is built again: a process that was killed at it has left nothing, and the bytes are the same
    child = os.fork()
    if child == 0:
        with pages.packages.at_work(package_id) as work:
            work.target.with_suffix(".zip.001").write_bytes(b"half")
            work.note_progress(PackageProgress("zip", 1, 2))
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert pages.packages.standing(package_id).state is BuildState.STOPPED
    assert "has ended before it was done" in pages.text("ala", ready)
    assert ala.get(file).status_code == 404
    build_ordered(pages.settings, package_id)
    assert {each: ala.get(each).content for each in files_on(pages.text("ala", ready))} == before
    with pages.handed.archive.reader.connect() as connection:
        assert [each.package_id for each in disclosures_to(connection)].count(package_id) == 1


def test_a_package_is_built_under_the_rights_that_its_person_has_then(
    pages: Pages, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    add_member(pages.handed.archive, "dana", actor="kust", case=CASE)
    package_id = pages.order("dana", recipient="Court of the former").rsplit("/", 1)[1]
    remove_member(pages.handed.archive, "dana", actor="kust", case=CASE)
    with pytest.raises(PackageNotBuiltError) as refused:
        build_ordered(pages.settings, package_id)
    logged = str(refused.value) + "".join(capfd.readouterr()) + caplog.text
    assert package_id in logged
    assert not [word for word in (CASE, "secret.example", "Court of the former") if word in logged]
    standing = pages.packages.standing(package_id)
    assert standing.state is BuildState.FAILED
    assert "The archive shows nothing under this id." in str(standing.reason)
    assert (
        pages.packages.built(package_id),
        pages.people["dana"].get(f"/handover/packages/{package_id}").status_code,
    ) == (
        None,
        404,
    )
    assert str(standing.reason) in pages.text("ala", f"/handover/packages/{package_id}")
    with pages.handed.archive.reader.connect() as connection:
        assert disclosures_to(connection, "Court of the former") == ()


@pytest.mark.parametrize("size", ["", "0", "-1", "many", "9999999", "1.5"])
def test_a_size_that_is_none_is_refused_and_nothing_is_ordered(pages: Pages, size: str) -> None:
    before = pages.packages.ids()
    sent = {"ids": capture_ids(pages.handed.archive, PICTURE)[0], "case": CASE, "level": "court", "part_mb": size}
    answer = pages.people["ala"].post(
        "/handover/packages", data={**sent, "recipient": "A Court"}, headers=OWN_PAGE
    )
    assert answer.status_code == 422
    assert "expected a whole number of megabytes" in unescape(answer.text)
    assert (pages.packages.ids(), numbers_of(pages.handed.archive, sent["ids"])) == (before, [])


def test_a_full_disk_takes_no_order_and_spends_no_number(pages: Pages) -> None:
    before = sorted(pages.settings.packages_folder.iterdir())
    picture = capture_ids(pages.handed.archive, PICTURE)[0]
    sent = {"ids": picture, "case": CASE, "level": "court", "recipient": "A Court", "alone": "true"}
    with no_larger_files(16):
        answer = pages.people["ala"].post("/handover/packages", data=sent, headers=OWN_PAGE)
    assert answer.status_code == 503
    assert "Folder of packages" in answer.text
    assert "Nothing was ordered and nothing was disclosed." in answer.text
    assert sorted(pages.settings.packages_folder.iterdir()) == before
    assert numbers_of(pages.handed.archive, picture) == []


def test_two_at_once_do_not_build_the_same_package(pages: Pages) -> None:
    package_id = pages.order("ala").rsplit("/", 1)[1]
    with pages.packages.at_work(package_id) as work:
        work.note_progress(PackageProgress("exhibits", 1, 4))
        assert "Exhibits written: 25 %" in pages.text("ala", f"/handover/packages/{package_id}")
        with pytest.raises(PackageNotBuiltError, match="another process builds it"):
            build_ordered(pages.settings, package_id)
        assert pages.packages.standing(package_id).state is BuildState.BUILDING


@pytest.mark.parametrize("name", ["01KB8Z0000000000000000000A", "%2e%2e", "nothing"])
def test_an_id_of_no_order_is_answered_as_such(pages: Pages, name: str) -> None:
    assert pages.people["ala"].get(f"/handover/packages/{name}").status_code == 404
    with pytest.raises(PackageNotBuiltError, match="there is no order of this id"):
        build_ordered(pages.settings, name)


@pytest.mark.browser
def test_the_page_follows_the_building_and_shows_the_files_at_the_end(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.routes.handover.REFRESH_S", 0.1)
    name = pages.order("ala", part_mb="1").rsplit("/", 1)[1]
    app = create_app(
        lambda: pages.handed.archive,
        lambda: Viewer("ala", Role.CUSTODIAN),
        handover=ExportDesk(lambda: pages.settings),
    )
    found = find_chromium()
    assert found is not None, "this test needs a Chromium"
    with served(app) as address, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=str(found.program)).new_page()
        with pages.packages.at_work(name) as work:
            work.note_progress(PackageProgress("digests", 1, 4))
            page.goto(f"{address}/handover/packages/{name}")
            expect(page.locator("[data-progress]")).to_contain_text("25 %")
            assert [each["id"] for each in Axe().run(page).response["violations"]] == []
            page.evaluate("window.before = true")
            work.note_progress(PackageProgress("digests", 3, 4))
            expect(page.locator("[data-progress]")).to_contain_text("75 %")
            assert page.evaluate("window.before"), "the page should not have been loaded anew"
        build_ordered(pages.settings, name)
        expect(page.get_by_role("link", name=f"{name}.parts.txt")).to_be_visible(timeout=30_000)


def test_the_page_names_every_step_as_the_command_does() -> None:
    assert STEPS == STEPS_OF_COMMAND
