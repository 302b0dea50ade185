"""The site as it is built: strictly, with every link and anchor, and with nothing from outside."""

import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from docs.generator.hooks import GENERATED
from docs.generator.site_links import PAGES
from pipeline.config.settings import ROOT

pytestmark = pytest.mark.slow

LOADS = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
"""Elements that make a browser fetch something, and the attribute that says from where."""


def build(into: Path, *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "properdocs", "build", "--site-dir", str(into)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    ran = build(folder)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def trees(site: Path) -> dict[str, html.HtmlElement]:
    return {
        path.relative_to(site).as_posix(): html.fromstring(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
    }


def test_every_text_is_a_page(trees: dict[str, html.HtmlElement]) -> None:
    texts = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    wanted = {page.removesuffix(".md") for page in (*texts, *PAGES.values(), *GENERATED)}
    pages = {page.removesuffix(".html") for page in trees}

    assert {page.replace("README", "index") for page in wanted} - pages == set()


def test_every_link_leads_to_a_file_and_an_anchor_of_the_site(
    site: Path, trees: dict[str, html.HtmlElement]
) -> None:
    anchors = {page: {*tree.xpath("//@id"), *tree.xpath("//a/@name"), ""} for page, tree in trees.items()}
    broken = []
    for page, tree in trees.items():
        for target in tree.xpath("//a/@href"):
            parts = urlsplit(target)
            if parts.scheme in ("http", "https") or page == "404.html":
                continue
            path = posixpath.normpath(
                posixpath.join(posixpath.dirname(page), unquote(parts.path) or Path(page).name)
            )
            known = anchors.get(path)
            if not (site / path).exists() or (known is not None and unquote(parts.fragment) not in known):
                broken.append(f"{page}: {target}")

    assert broken == []


def test_the_pages_load_nothing_from_another_host(site: Path, trees: dict[str, html.HtmlElement]) -> None:
    loaded = [
        f"{page}: {address}"
        for page, tree in trees.items()
        for element, attribute in LOADS.items()
        for address in tree.xpath(f"//{element}/@{attribute}")
        if urlsplit(address).netloc
    ]
    styles = [
        f"{path.relative_to(site)}: {address}"
        for path in site.rglob("*.css")
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", path.read_text("utf-8"))
        if any(urlsplit(each).netloc for each in address)
    ]

    assert loaded + styles == []


def test_the_search_finds_a_generated_page(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text("utf-8")

    assert "LETAPIS_TIME_AUTHORITIES" in index
    assert "reference/settings.html" in index


def test_broken_links_end_the_build_and_are_named(tmp_path: Path) -> None:
    """In a copy of the texts, so that what is broken is certain."""
    for path in [*ROOT.glob("*.md"), ROOT / "properdocs.yml"]:
        shutil.copy(path, tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    broken = ("no-such-page.md", "settings.md#no-such-part", "../LICENSE")
    with (tmp_path / "docs" / "pace.md").open("a", encoding="utf-8") as page:
        page.write("".join(f"\n[link]({target})\n" for target in broken))

    ran = build(tmp_path / "site", cwd=tmp_path)

    assert ran.returncode != 0
    assert [target for target in broken if target not in ran.stderr] == []
