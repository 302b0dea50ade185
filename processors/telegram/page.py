"""A page of Telegram's public preview: channel page, single post, embed, or the card shown instead.

In: a `Page` of t.me. Out: a `Reading` with the posts, the cursor into the past and the media to fetch.
Refusals come with status 200, so the markup decides: what is no preview is an outcome, never an empty success.
"""

from collections.abc import Iterator
from datetime import UTC

from lxml import html

from processors.markup.encoding import decode
from processors.markup.html_tree import classes, elements, parse, style_url
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.pages.parse_result import Links, Reading
from processors.records.telegram_post import Coverage, TelegramPost
from processors.tables.layout import Layout
from processors.telegram.empty_pages import ClassIndex, links_to_preview, why_no_post
from processors.telegram.layouts import BOX, TelegramLayout, about_unknown, unlike
from processors.telegram.message import MessageReading, read_message
from processors.urls import resolve

_OURS = ("tgme_", "tme_", "err_", "body_widget", BOX)
"""How the classes begin that are looked for."""


def read_telegram(page: Page, layout: Layout | None = None, *, of_day: TelegramLayout) -> Reading:
    """Read a preview page; ``of_day`` is the layout expected on the day of capture, whose version the reading has.

    What the watch-list declares (``layout``) does not matter here.
    """
    del layout
    tree = parse(decode(page.body, page.content_type).text)
    if tree is None:
        return _refused(page, of_day, why_no_post(page, {}), None)
    index = _by_class(tree)
    messages = index.get("tgme_widget_message", [])
    posts = [reading for reading in (read_message(message, page.url) for message in messages) if reading]
    if posts:
        return _content(page, of_day, tree, index, posts)
    return _refused(page, of_day, why_no_post(page, index), _layout_name(index), _links_of_card(page, index))


def _by_class(tree: html.HtmlElement) -> ClassIndex:
    index: ClassIndex = {}
    ours_of: dict[str, tuple[str, ...]] = {}  # most elements have the same classes as another
    for element in elements(tree):
        together = element.get("class")
        if not together:
            continue
        if (ours := ours_of.get(together)) is None:
            ours = tuple(name for name in together.split() if name.startswith(_OURS))
            ours_of[together] = ours
        for name in ours:
            index.setdefault(name, []).append(element)
    return index


def _layout_name(index: ClassIndex) -> str | None:
    names = {
        "tgme_channel_history": "channel",
        "body_widget_post": "embed",
        "tgme_widget_message": "message",
        "tgme_page": "landing",
    }
    return next((name for marker, name in names.items() if marker in index), None)


def _content(
    page: Page,
    of_day: TelegramLayout,
    tree: html.HtmlElement,
    index: ClassIndex,
    posts: list[MessageReading],
) -> Reading:
    ids = sorted({id_ for reading in posts for id_ in reading.post_ids})
    withheld = tuple(missing for reading in posts for missing in reading.withheld)
    return Reading(
        url=page.url,
        kind="telegram",
        outcome=Outcome.CONTENT,
        layout=_layout_name(index),
        parser_version=of_day.parser_version,
        records=tuple(reading.post for reading in posts),
        links=Links(
            older=_older(page, tree, index),
            media=_media([reading.post for reading in posts], page, index),
        ),
        remarks=(
            *(f"post {missing.post_id}: {missing.reason}" for missing in withheld),
            *_not_understood(page, of_day, index, posts),
        ),
        coverage=Coverage(post_ids=tuple(ids), withheld=withheld),
    )


def _not_understood(
    page: Page,
    of_day: TelegramLayout,
    index: ClassIndex,
    posts: list[MessageReading],
) -> Iterator[str]:
    """What of a page that gave posts is not as known: another layout, messages without an id, unknown parts."""
    messages = index["tgme_widget_message"]
    another = unlike(of_day, messages, index.get(BOX, ()), page.captured_at.astimezone(UTC).date())
    if another:
        yield another
    notices = sum("err_message" in classes(message) for message in messages)
    nameless = len(messages) - len(posts) - notices
    if nameless > 0:
        yield f"{nameless} of {len(messages)} messages name no post and were not read"
    yield from about_unknown([(reading.post.post_id, reading.unknown) for reading in posts])


def _older(page: Page, tree: html.HtmlElement, index: ClassIndex) -> str | None:
    """The page's own cursor: albums consume ids, so it cannot be computed from the posts."""
    for link in index.get("tme_messages_more", []):
        if link.get("data-before") and link.get("href"):
            return resolve(page.url, link.get("href"))
    for link in tree.iter("link"):
        if link.get("rel") == "prev" and "before=" in (link.get("href") or ""):
            return resolve(page.url, link.get("href"))
    return None


def _media(posts: list[TelegramPost], page: Page, index: ClassIndex) -> tuple[str, ...]:
    """Files first, since their addresses expire; then the still pictures of videos, and a new channel photo."""
    attached = [medium for post in posts for medium in post.media if medium.kind not in ("location", "contact")]
    found: dict[str, None] = {}
    for address in [medium.url for medium in attached] + [medium.thumb_url for medium in attached]:
        if address and (whole := resolve(page.url, address)):
            found.setdefault(whole)
    for photo in index.get("tgme_widget_message_service_photo", []):
        for element in elements(photo):
            address = style_url(element) or (element.get("src") if element.tag == "img" else None)
            if address and (whole := resolve(page.url, address)):
                found.setdefault(whole)
    return tuple(found)


def _links_of_card(page: Page, index: ClassIndex) -> Links:
    """From a card on to where the posts are: the preview page, or the frame of the single post."""
    frames = [
        frame.get("src") or ""
        for widget in index.get("tgme_page_widget", [])
        for frame in widget.iter("iframe")
        if frame.get("src")
    ]
    preview = links_to_preview(index)
    found = (resolve(page.url, link) for link in [*frames, *([preview] if preview else [])])
    return Links(next_pages=tuple(link for link in found if link))


def _refused(
    page: Page, of_day: TelegramLayout, verdict: Classification, layout: str | None, links: Links | None = None
) -> Reading:
    """Only content brings records, and a page without posts is none, whatever its status."""
    outcome = Outcome.EMPTY if verdict.outcome is Outcome.CONTENT else verdict.outcome
    return Reading(
        url=page.url,
        kind="telegram",
        outcome=outcome,
        outcome_reason=verdict.reason or "no post on this page",
        layout=layout,
        parser_version=of_day.parser_version,
        links=links or Links(),
    )
