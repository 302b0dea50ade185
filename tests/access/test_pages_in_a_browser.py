"""The pages as a browser shows them: no faults of accessibility, no errors, and what their small scripts do."""

from collections.abc import Callable, Iterator
from typing import Annotated
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import Cookie
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from access.app import create_app
from pipeline.chromium import find_chromium
from pipeline.collect.receiving_desk import FilesDesk
from pipeline.collect.request_desk import AirflowRequestDesk
from pipeline.config.settings import Settings
from pipeline.handover.desk import ExportDesk
from pipeline.handover.redaction.desk import CopiesDesk
from pipeline.setup.machine_desk import SettingsMachineDesk
from storage.access_labels import Role, Viewer
from tests.access.conftest import ARTICLE, Filled
from tests.served_pages import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PICTURE = "https://vesnik.example/a.png"
UNREACHABLE = "https://няма.example/"
PAGES = (
    "/",
    "/?q=затрыманні",
    "/captures?url={article}",
    "/captures?url=https://vesnik.example/*",
    "/captures",
    "/changes?source=kanal",
    "/capture/{article_id}",
    "/capture/{picture_id}",
    "/capture/{unreachable_id}",
    "/capture/{article_id}/text",
    "/capture/{article_id}/proof",
    "/record/{record}",
    "/medium/{medium}",
    "/media",
    "/media?view=groups",
    "/similar",
    "/requests",
    "/received",
    "/sources",
    "/archive",
    "/handover?ids={article_id}&level=court",
    "/capture/{picture_id}/redact",
    "/record/{record}/redact",
    "/redactions",
    "/tokens",
    "/members",
    "/accesses",
    "/operation",
    "/operation/checks",
    "/help",
)


@pytest.fixture(scope="module")
def base(filled: Filled, own_settings: Settings) -> Iterator[str]:
    """The address of the pages; who asks stands in a cookie."""

    def user(who: Annotated[str, Cookie()] = "custodian") -> Viewer:
        return Viewer(who, Role.ADMINISTRATOR)

    pages = create_app(
        lambda: filled.archive,
        user,
        handover=ExportDesk(),
        redaction=CopiesDesk(),
        receiving=FilesDesk(Settings),
        machine=SettingsMachineDesk(lambda: own_settings),
        desk=AirflowRequestDesk(lambda: own_settings),
    )
    with served(pages) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_chromium()
    assert found is not None, "this test needs a Chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(found.program))
        yield started
        started.close()


@pytest.fixture(scope="module")
def shared_page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(timezone_id="Europe/Vilnius") as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def address(filled: Filled, base: str, shared_page: Page) -> Callable[[str], str]:
    """The address of one of `PAGES`."""
    (row,) = shared_page.request.get(f"{base}/api/search?q={quote('затрыманні')}").json()["rows"]
    picture = quote(filled.one(PICTURE).id)
    values = {
        "article": quote(ARTICLE, safe=""),
        "article_id": quote(filled.one(ARTICLE).id),
        "picture_id": picture,
        "unreachable_id": quote(filled.one(UNREACHABLE).id),
        "record": row["record_id"],
        "medium": shared_page.request.get(f"{base}/api/capture/{picture}").json()["medium"],
    }
    return lambda path: base + path.format(**values)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_of_accessibility_and_no_error(
    shared_page: Page, address: Callable[[str], str], path: str
) -> None:
    wrong: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            wrong.append(said.text)

    def note_error(problem: Error) -> None:
        wrong.append(str(problem))

    shared_page.on("console", note)
    shared_page.on("pageerror", note_error)
    try:
        answer = shared_page.goto(address(path))
        assert answer is not None
        assert answer.status == 200
        shared_page.set_viewport_size({"width": 390, "height": 844})
        width_on_a_phone = shared_page.evaluate("document.documentElement.scrollWidth")
        shared_page.set_viewport_size({"width": 1280, "height": 900})
        shared_page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        faults = Axe().run(shared_page).response["violations"]
    finally:
        shared_page.remove_listener("console", note)
        shared_page.remove_listener("pageerror", note_error)
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in faults] == []
    assert wrong == []
    assert width_on_a_phone <= 390


def test_the_lines_that_are_left_out_can_be_scrolled_by_keys_on_a_phone(shared_page: Page, base: str) -> None:
    shared_page.set_viewport_size({"width": 375, "height": 844})
    try:
        shared_page.goto(f"{base}/archive")
        shared_page.fill("#urls", f"{ARTICLE}\nno-address-{'x' * 60}\nftp://vesnik.example/")
        shared_page.locator("form.archive-form button.primary").click()
        table = shared_page.get_by_role("group", name="Lines that are left out")
        assert table.evaluate("one => one.scrollWidth > one.clientWidth")
        table.focus()
        expect(table).to_be_focused()
        assert shared_page.evaluate("document.documentElement.scrollWidth") <= 375
        faults = Axe().run(shared_page).response["violations"]
    finally:
        shared_page.set_viewport_size({"width": 1280, "height": 900})
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in faults] == []


def test_a_picture_is_blurred_until_its_box_is_ticked_and_for_others_at_the_same_desk(
    browser: Browser, address: Callable[[str], str], base: str
) -> None:
    picture = ".shown .sensitive img"
    with browser.new_context() as context:
        page = context.new_page()

        def filter_of() -> str:
            page.goto(address("/capture/{picture_id}"))
            return str(page.eval_on_selector(picture, "one => getComputedStyle(one).filter"))

        assert "blur" in filter_of()
        page.get_by_label("Show the picture").check()
        expect(page.locator(picture)).to_have_css("filter", "none")
        page.get_by_role("button", name="Show all pictures").click()
        assert unquote(page.url) == unquote(address("/capture/{picture_id}"))
        assert filter_of() == "none"
        context.add_cookies([{"name": "who", "value": "somebody", "url": base}])
        assert "blur" in filter_of()


def test_keys_lead_down_a_list_to_the_search_and_to_the_list_of_keys(
    shared_page: Page, address: Callable[[str], str]
) -> None:
    shared_page.goto(address("/?q=затрыманні"))
    shared_page.keyboard.press("?")
    assert shared_page.get_by_role("heading", name="Keys").is_visible()
    shared_page.keyboard.press("Escape")
    shared_page.keyboard.press("/")
    assert shared_page.evaluate("document.activeElement.name") == "q"
    shared_page.keyboard.type("jk?")
    assert shared_page.evaluate("document.activeElement.value") == "jk?"
    shared_page.keyboard.press("Escape")
    shared_page.keyboard.press("j")
    shared_page.keyboard.press("Enter")
    shared_page.wait_for_url("**/record/*")


def test_times_are_the_readers_own_with_utc_beside(shared_page: Page, address: Callable[[str], str]) -> None:
    shared_page.goto(address("/capture/{article_id}"))
    said = shared_page.locator(".head time").first.inner_text()
    assert said.startswith("2026-11-20 23:00:00 UTC+2 (21:00:00 UTC) · ")


def test_a_hostile_title_stays_text(shared_page: Page, address: Callable[[str], str]) -> None:
    shared_page.goto(address("/record/{record}"))
    assert shared_page.locator("h1").inner_text() == "Затрыманні на плошчы <script>alert(1)</script>"
    assert shared_page.locator("main script").count() == 0


def test_boxes_are_drawn_over_a_picture_and_written_as_numbers_where_no_script_runs(
    browser: Browser, address: Callable[[str], str]
) -> None:
    form = address("/capture/{picture_id}/redact")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(form)
        page.locator(".drawing").get_by_role("checkbox").check()
        page.locator(".drawing img").evaluate("one => one.decode()")
        sides = page.locator(".drawing svg").bounding_box()
        assert sides is not None
        page.mouse.move(sides["x"] + sides["width"] * 0.75, sides["y"] + sides["height"] * 0.5)
        page.mouse.down()
        page.mouse.move(sides["x"] + sides["width"] * 0.25, sides["y"] + sides["height"] * 0.25, steps=3)
        page.mouse.up()
        written = [float(page.locator(f"[name={side}-0]").input_value()) for side in SIDES]
        assert written == pytest.approx([25, 25, 75, 50], abs=0.5)
        expect(page.locator(".drawing rect")).to_have_count(1)
        for _ in range(3):
            page.mouse.move(sides["x"] + 5, sides["y"] + 5)
            page.mouse.down()
            page.mouse.move(sides["x"] + 30, sides["y"] + 30)
            page.mouse.up()
        expect(page.locator("[data-boxes] [data-box]")).to_have_count(4)
        expect(page.get_by_role("group", name="Box 4", exact=True)).to_have_count(1)
        page.get_by_role("group", name="Box 4", exact=True).get_by_role("button").click()
        expect(page.locator(".drawing rect")).to_have_count(3)
        page.get_by_label("Why it is covered").fill("a face")
        page.get_by_role("button", name="Preview").click()
        picture = page.locator(".covered-pages img")
        expect(picture).to_have_count(1)
        assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 320
        assert picture.evaluate(COLOUR, [160, 100]) == [0, 0, 0]
        assert picture.evaluate(COLOUR, [310, 200]) != [0, 0, 0]
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(form)
        for side, value in zip(SIDES, (10, 10, 40, 60), strict=True):
            page.locator(f"[name={side}-0]").fill(str(value))
        page.get_by_label("Why it is covered").fill("a face")
        page.get_by_role("button", name="Preview").click()
        expect(page.locator(".covered-pages img")).to_have_count(1)
        expect(page.locator(".drawing rect")).to_have_count(1)
        expect(page.get_by_role("button", name="Remove this box")).to_have_count(0)


SIDES = ("left", "top", "right", "bottom")
COLOUR = """(picture, [x, y]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const drawn = canvas.getContext("2d");
  drawn.drawImage(picture, 0, 0);
  return [...drawn.getImageData(x, y, 1, 1).data].slice(0, 3);
}"""
