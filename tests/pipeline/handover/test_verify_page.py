"""The same check in a browser: a page that no network is asked for, over a folder and over a ZIP file."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from pipeline.chromium import find_chromium
from tests.pipeline.handover.small_package import NUMBERS, VERIFIER, SmallPackage, write_bag, write_zip

PAGE = VERIFIER / "verify.html"
HASHING = """
(cases) => cases.map(([bits, size, step]) => {
  const bytes = Uint8Array.from({ length: size }, (_, at) => at % 251), hash = new Sha(bits);
  for (let at = 0; at < size; at += step) hash.update(bytes.subarray(at, at + step));
  return hash.digest();
})
"""


@pytest.mark.parametrize(("tag", "policy"), [("script", "script-src"), ("style", "style-src")])
@pytest.mark.parametrize("name", ["verify.html", "by-hand.html"])
def test_the_policy_of_a_page_allows_what_stands_in_it_and_nothing_else(name: str, tag: str, policy: str) -> None:
    text = (VERIFIER / name).read_text("utf-8")
    inside = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    if inside is None:
        assert policy not in text
        return
    digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert content.startswith("default-src 'none'; ")
    assert f"{policy} 'sha256-{digest}'" in content
    assert "unsafe" not in content
    assert re.findall(r"(?:src|href)\s*=\s*\"(?!#)[^\"]*\"", text) == []


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    found = find_chromium()
    assert found is not None, "this test needs a Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found.program))
        yield browser.new_context(offline=True).new_page()
        browser.close()


def result_of(
    page: Page, package: SmallPackage, picker: str, chosen: str | list[str]
) -> tuple[str, list[str], list[str]]:
    """The sentence at the top, what is wrong, what is right."""
    page.goto((package.folder / "data" / "verify" / "verify.html").as_uri())
    page.set_input_files(picker, chosen)
    page.wait_for_selector("#result", timeout=60_000)
    said = {kind: page.locator(f".list-{kind} li").all_inner_texts() for kind in ("wrong", "ok")}
    return page.inner_text("#result"), said["wrong"], said["ok"]


@pytest.mark.browser
def test_a_browser_without_network_says_what_holds_and_names_what_was_altered(
    page: Page, package: SmallPackage, tmp_path: Path
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))

    words, wrong, right = result_of(page, package, "#folder", str(package.folder))
    assert (words, wrong) == ("Nothing is wrong in what could be checked; read below what was not checked.", [])
    told = "\n".join(right)
    for sentence in (
        "Every file has the SHA-256 and the SHA-512 of the manifests; none is missing, none was added.",
        "8 of its records have the digests that it names; its signature holds.",
        "in the tree of 10 entries whose root the log has signed.",
        "8 values are those that the entries have committed to.",
    ):
        assert sentence in told
    left = page.locator(".list-not_checked li").all_inner_texts()
    assert len(left) == len(set(left))
    for subject in ("key of the signatures", "key of the log", "payload digests", "time-stamps", "selection.json"):
        assert len([each for each in left if subject in each]) == 1

    parts = write_zip(package.folder, tmp_path / "handed.zip", part_bytes=50_000)
    words, wrong, right = result_of(page, package, "#zip", [str(each) for each in parts])
    assert (words[:16], wrong) == ("Nothing is wrong", [])

    copy = package.copy(tmp_path / "copy")
    wacz = copy.folder / "data" / "evidence" / f"{NUMBERS[0]}.wacz"
    place = json.loads((copy.folder / "data" / "records" / f"{NUMBERS[0]}.json").read_bytes())["places"][2]
    content = bytearray(wacz.read_bytes())
    content[len("archive/data.warc.gz") + 30 + place["wacz_offset"] + 40] ^= 4
    wacz.write_bytes(content)
    opened = copy.folder / "data" / "custody" / "opened.json"
    opened.write_bytes(opened.read_bytes().replace(b'"tester"', b'"another"'))
    words, wrong, right = result_of(page, copy, "#folder", str(copy.folder))
    assert words.startswith("Something is wrong, in ")
    named = "\n".join(wrong)
    for sentence in (
        f"data/evidence/{NUMBERS[0]}.wacz: It was altered: expected",
        f"record {place['record_id']} at byte {place['wacz_offset']}: It was altered",
        "data/custody/opened.json: It was altered",
        "actor of entry 4: It was altered: it is not the value that was committed to.",
    ):
        assert sentence in named

    write_bag(copy.folder)
    words, wrong, right = result_of(page, copy, "#folder", str(copy.folder))
    assert not any(each.startswith("Files of the package") for each in wrong)
    assert any(place["record_id"] in each for each in wrong)
    assert {each.partition(":")[0] for each in asked} == {"file"}


@pytest.mark.browser
def test_the_page_hashes_streams_as_every_other_program_does(page: Page) -> None:
    page.goto(PAGE.as_uri())
    cases = [
        (bits, size, step)
        for bits in (256, 512)
        for size in (0, 1, 55, 56, 111, 112, 127, 128, 5000)
        for step in (1, 64, 999)
    ]
    found = page.evaluate(HASHING, cases)
    assert found == [
        hashlib.new(f"sha{bits}", bytes(at % 251 for at in range(size))).hexdigest() for bits, size, _ in cases
    ]
