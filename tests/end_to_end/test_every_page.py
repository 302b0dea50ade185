"""Every page over every kind of record, capture, medium and change of the sample sites, opened in a browser.

From the first page on, each link inside the archive is followed, one of each kind: a kind is the page together
with what distinguishes the things it shows. Whatever no link leads to is opened by its id.
"""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response
from sqlalchemy import text

from storage.archive import Archive
from storage.queries.changes import changes
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Night

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1200)]

KINDS = {
    "record": "SELECT id, kind FROM catalogue.records",
    "capture": "SELECT id, record_type || ' ' || coalesce(media_type, '') || ' ' || coalesce(status::text, '') "
    "|| ' ' || coalesce(transport_outcome, '') FROM catalogue.captures WHERE access_label = 'default'",
    "medium": "SELECT sha256, coalesce(media_type, '') || ' ' || (refused IS NULL) || ' ' || EXISTS ("
    "SELECT FROM catalogue.links WHERE sha256 IN (a, b)) FROM catalogue.media",
}
"""By page: the ids of what it shows, and what distinguishes one from another."""

SAVED = ("raw", "payload", "picture", "frame", "proof/file")
"""Ends of addresses whose answer is a file or a part of a page."""

MANY_WAYS = ("search", "search.csv", "media", "sources", "compare", "view")
"""Pages whose links narrow what they show in too many ways to open each: one of a name alone and one narrowed."""

Kind = tuple[str, ...]

LATER = "unknown"
"""The kind of what was read since the ids were taken: workers go on with what other tests requested."""


@pytest.fixture
def kinds(deposited: Archive, second_night: Night) -> dict[str, dict[str, str]]:
    """By page: the kind of everything it can show to somebody who sees no confidential case."""
    assert second_night.state == "success"
    with deposited.reader.connect() as connection:
        return {page: {row[0]: row[1] for row in connection.execute(text(query))} for page, query in KINDS.items()}


@pytest.fixture
def changed(deposited: Archive, kinds: dict[str, dict[str, str]]) -> set[tuple[str, str]]:
    """Sources with the kinds of changes they had."""
    with deposited.reader.connect() as connection:
        sources = connection.execute(text("SELECT DISTINCT source_id FROM catalogue.warcs")).scalars().all()
        return {(source, change.kind) for source in sources for change in changes(connection, source)}


def test_every_page_opens_in_a_browser(
    logged_in: Callable[[str], Page],
    airflow_stack: RunningStack,
    kinds: dict[str, dict[str, str]],
    changed: set[tuple[str, str]],
) -> None:
    page = logged_in("analyst").context.new_page()  # one that shows nothing of Airflow's
    base = f"{airflow_stack.settings.airflow_url}/archive/"
    wrong: list[str] = []
    watch(page, base, wrong)
    waiting = [
        base,
        *(f"{base}{name}/{quote(one, safe='')}" for name, found in kinds.items() for one in one_of_each(found)),
        *(f"{base}changes?source={quote(source)}&kind={kind}" for source, kind in sorted(changed)),
        f"{base}?q=суд",
        *(f"{base}captures?url=https://vesnik.pryklad.example/{which}" for which in ("", "*")),
    ]
    opened: set[Kind] = set()
    while waiting:
        url = waiting.pop(0)
        kind = kind_of(url, base, kinds)
        if kind in opened:
            continue
        opened.add(kind)
        if kind[0].endswith(SAVED) or urlsplit(url).path.endswith((".csv", "/compare/difference")):
            status = page.context.request.get(url).status
            wrong += [f"{url}: {status}"] if status >= 400 else []
            continue
        page.goto(url)
        waiting += links_of(page, base)

    assert wrong == []
    for page_name, found in kinds.items():
        shown = {kind[1] for kind in opened if kind[0] == page_name and len(kind) == 2}
        assert shown - {LATER} == set(found.values())
    assert {name for name, *_ in opened} >= {
        *("", "captures", "changes", "similar", "search.csv", "captures.csv", "changes.csv"),
        *("record", "capture", "medium", "capture/raw", "capture/payload", "capture/text"),
    }
    assert {kind for _, kind in changed} >= {"added", "edited", "missing"}


def watch(page: Page, base: str, wrong: list[str]) -> None:
    """Write down every answer from 400, error of the console and request that fails, with the page it is of.

    What a replayed page lacks or tries in its frame is no fault of ours: only answers of our host count there.
    """
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))

    def failed(asked: Request) -> None:
        if asked.url.startswith(base) and broke(asked):
            wrong.append(f"{asked.url}: {asked.failure}")

    def answered(answer: Response) -> None:
        if answer.url.startswith(base) and answer.status >= 400:
            wrong.append(f"{page.url}: {answer.url}: {answer.status}")

    def noted(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not page.url.startswith(f"{base}view/"):
            wrong.append(f"{page.url}: {said.text}")

    page.on("requestfailed", failed)
    page.on("response", answered)
    page.on("console", noted)


def broke(request: Request) -> bool:
    """Whether the request failed by itself; pictures that load late are given up when the next page is opened."""
    return "ERR_ABORTED" not in (request.failure or "")


def one_of_each(found: dict[str, str]) -> Iterator[str]:
    """One id of every kind, the last in order."""
    return iter({kind: one for one, kind in sorted(found.items())}.values())


def links_of(page: Page, base: str) -> list[str]:
    """Where the page's links and pictures inside the archive lead."""
    addresses = page.eval_on_selector_all(
        "a[href], img[src]", "all => all.map(one => one.getAttribute('href') ?? one.getAttribute('src'))"
    )
    found = (urljoin(page.url, str(address)).partition("#")[0] for address in addresses)
    return sorted({address for address in found if address.startswith(base)})


def kind_of(url: str, base: str, kinds: dict[str, dict[str, str]]) -> Kind:
    """The page and what distinguishes the thing it shows; of questions, which are asked and of which source."""
    parts = urlsplit(url)
    first, _, rest = parts.path.removeprefix(urlsplit(base).path).partition("/")
    one, _, view = rest.partition("/")
    asked = dict(parse_qsl(parts.query))
    if first in kinds:
        kind = kinds[first].get(unquote(one), LATER)
        # what stands behind a page shows one exchange in one way: its record type and media type tell them apart
        shown = " ".join(kind.split()[:2]) if view or asked else kind
        return "/".join(filter(None, (first, view))), shown, *sorted(asked)
    if first in MANY_WAYS:
        return first, "of one" if one else "", "narrowed" if len(asked) > 1 else ""
    if first == "archive":
        return first, rest, *sorted(asked)
    which = asked.get("source", "") if first == "changes" else asked.get("url", "")[-1:] == "*"
    return first, *sorted(asked), str(which), asked.get("kind", "")
