"""An archived page is hostile: it must reach neither the session of who looks at it nor Airflow's API.

Nothing archived is ever served as a page. Were it shown all the same (a browser that ignores what the answer
says of its type and use), the policy it is served under must be enough by itself: the second test lends it a
page's type.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Error, Page, Route

from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from tests.conftest import RunningStack
from tests.storage.crawled_files import crawl_one, exchange, response

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(600)]

HOSTILE = b"""<!doctype html><title>quiet</title><body>
<script>
  const seen = [];
  try { seen.push("cookie " + document.cookie); } catch (e) { seen.push("refused"); }
  try { seen.push("storage " + localStorage.length); } catch (e) { seen.push("refused"); }
  document.title = seen.join(", ");
  fetch("/api/v2/dags", {credentials: "include"}).then(a => { document.title += ", api " + a.status; });
</script>"""


@pytest.fixture
def raw_url(deposited: Archive, airflow_stack: RunningStack, tmp_path: Path) -> str:
    """Where the hostile page's record is served from."""
    path = crawl_one(tmp_path, [exchange("https://zlo.example/", response(HOSTILE))])
    key = deposit_file(deposited, path).key
    with deposited.reader.connect() as connection:
        (capture,) = captures_in(connection, key)
    return f"{airflow_stack.settings.airflow_url}/archive/capture/{quote(capture.id, safe='')}/raw"


def shown_as_page(page: Page, url: str, *, keep_policy: bool) -> str:
    """Show the hostile page at ``url`` as HTML, with or without the headers it is really served with."""

    def lend(route: Route) -> None:
        answer = route.fetch()
        assert answer.status == 200
        kept = answer.headers if keep_policy else {}
        headers = {
            name: value for name, value in kept.items() if name not in ("content-disposition", "content-length")
        }
        route.fulfill(body=HOSTILE, headers=headers | {"content-type": "text/html"})

    page.route(url, lend)
    page.goto(url)
    page.wait_for_timeout(1500)
    return page.title()


def test_the_record_is_saved_and_never_shown(logged_in: Callable[[str], Page], raw_url: str) -> None:
    page = logged_in("analyst")
    before = page.url
    with page.expect_download() as download, pytest.raises(Error, match="Download is starting"):
        page.goto(raw_url)
    assert download.value.suggested_filename.endswith(".warc.gz")
    assert page.url == before


def test_shown_all_the_same_it_can_read_neither_token_nor_api(
    logged_in: Callable[[str], Page], raw_url: str
) -> None:
    page = logged_in("analyst")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    assert shown_as_page(page, raw_url, keep_policy=True) == "quiet"
    assert [url for url in asked if "/api/" in url] == []


def test_without_the_policy_the_same_page_would_read_both(logged_in: Callable[[str], Page], raw_url: str) -> None:
    """That the page is dangerous, so that the test above can fail."""
    title = shown_as_page(logged_in("analyst"), raw_url, keep_policy=False)
    assert "_token=" in title
    assert title.endswith("api 200")


def test_nobody_gets_the_record_without_a_session(browser: "object", raw_url: str) -> None:
    import httpx

    assert httpx.get(raw_url, trust_env=False).status_code == 401
