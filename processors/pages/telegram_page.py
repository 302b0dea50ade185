"""A page of Telegram's public preview: channel page, single post, embed, or the card shown instead.

In: a `Page` of t.me. Out: a `Reading` with the posts, the cursor into the past and the media to fetch.
Refusals come with status 200, so the markup decides: what is no preview is an outcome, never an empty success.
"""

import re
from urllib.parse import urlsplit

from lxml import html

from processors.pages.encoding import decode
from processors.pages.layout import Layout
from processors.pages.markup import classes, elements, parse, seen_text, style_url
from processors.pages.outcome import Outcome, Verdict, classify
from processors.pages.page import Page
from processors.pages.reading import Links, Reading
from processors.pages.telegram import Coverage, TelegramPost
from processors.pages.telegram_message import MessageReading, read_message
from processors.urls import absolute

PARSER_VERSION = "telegram-1"
_RESTRICTED = re.compile(
    r"can.t be displayed|couldn.t be displayed|is unavailable|is not available|violat\w+|copyright|"
    r"недоступ\w+|заблокирован\w+|нарушен\w+",
    re.IGNORECASE,
)


def read_telegram(page: Page, layout: Layout | None = None) -> Reading:
    """Read a preview page; what the layout declares does not matter here."""
    del layout
    tree = parse(decode(page.body, page.content_type).text)
    if tree is None:
        return _refused(page, _verdict(page, {}), None)
    index = _by_class(tree)
    messages = index.get("tgme_widget_message", [])
    posts = [reading for reading in (read_message(message, page.url) for message in messages) if reading]
    if posts:
        return _content(page, tree, index, posts)
    return _refused(page, _verdict(page, index), _layout_name(index), _links_of_card(page, index))


def _by_class(tree: html.HtmlElement) -> dict[str, list[html.HtmlElement]]:
    index: dict[str, list[html.HtmlElement]] = {}
    for element in elements(tree):
        for name in classes(element):
            if name.startswith(("tgme_", "tme_", "err_", "body_widget")):
                index.setdefault(name, []).append(element)
    return index


def _layout_name(index: dict[str, list[html.HtmlElement]]) -> str | None:
    names = {
        "tgme_channel_history": "channel",
        "body_widget_post": "embed",
        "tgme_widget_message": "message",
        "tgme_page": "landing",
    }
    return next((name for marker, name in names.items() if marker in index), None)


def _content(
    page: Page,
    tree: html.HtmlElement,
    index: dict[str, list[html.HtmlElement]],
    posts: list[MessageReading],
) -> Reading:
    ids = sorted({id_ for reading in posts for id_ in reading.post_ids})
    withheld = tuple(missing for reading in posts for missing in reading.withheld)
    return Reading(
        url=page.url,
        kind="telegram",
        outcome=Outcome.CONTENT,
        layout=_layout_name(index),
        parser_version=PARSER_VERSION,
        records=tuple(reading.post for reading in posts),
        links=Links(
            older=_older(page, tree, index),
            media=_media([reading.post for reading in posts], page, index),
        ),
        remarks=tuple(f"post {missing.post_id}: {missing.reason}" for missing in withheld),
        coverage=Coverage(post_ids=tuple(ids), withheld=withheld),
    )


def _older(page: Page, tree: html.HtmlElement, index: dict[str, list[html.HtmlElement]]) -> str | None:
    """The page's own cursor: albums consume ids, so it cannot be computed from the posts."""
    for link in index.get("tme_messages_more", []):
        if link.get("data-before") and link.get("href"):
            return absolute(page.url, link.get("href"))
    for link in tree.iter("link"):
        if link.get("rel") == "prev" and "before=" in (link.get("href") or ""):
            return absolute(page.url, link.get("href"))
    return None


def _media(posts: list[TelegramPost], page: Page, index: dict[str, list[html.HtmlElement]]) -> tuple[str, ...]:
    """Files first, since their addresses expire; then the still pictures of videos, and a new channel photo."""
    attached = [medium for post in posts for medium in post.media if medium.kind not in ("location", "contact")]
    found: dict[str, None] = {}
    for address in [medium.url for medium in attached] + [medium.thumb_url for medium in attached]:
        if address:
            found.setdefault(address)
    for photo in index.get("tgme_widget_message_service_photo", []):
        for element in elements(photo):
            address = style_url(element) or (element.get("src") if element.tag == "img" else None)
            if address and (whole := absolute(page.url, address)):
                found.setdefault(whole)
    return tuple(found)


def _verdict(page: Page, index: dict[str, list[html.HtmlElement]]) -> Verdict:
    """Why a page of Telegram shows no post."""
    if page.status is not None and page.status != 200:
        verdict = classify(page)
        if 300 <= page.status < 400 and "/s/" in urlsplit(page.url).path:
            why = "sent away from the preview: a group, a missing name, or preview switched off"
            return Verdict(Outcome.EMPTY, f"status {page.status}: {why}")
        if verdict.outcome is not Outcome.CONTENT:
            return verdict
    errors = index.get("tgme_widget_message_error") or index.get("err_message")
    if errors:
        return _error_verdict(seen_text(errors[0]) or "an error without words")
    if "tme_no_messages_found" in index:
        return Verdict(Outcome.EMPTY, f"no post found: {seen_text(index['tme_no_messages_found'][0])}")
    if "tgme_channel_history" in index:
        return Verdict(Outcome.EMPTY, "the channel page shows no post at this place")
    if "tgme_page" in index:
        return _card_verdict(index)
    verdict = classify(page)
    if verdict.outcome is not Outcome.CONTENT:
        return verdict
    return Verdict(Outcome.SOFT_404, "no markup of Telegram's preview on this page: not understood")


def _error_verdict(words: str) -> Verdict:
    if re.search(r"private|приват|закрыт", words, re.IGNORECASE):
        return Verdict(Outcome.LOGIN_WALL, f"Telegram says: {words}")
    if _RESTRICTED.search(words):
        return Verdict(Outcome.RESTRICTED, f"Telegram says: {words}")
    return Verdict(Outcome.SOFT_404, f"Telegram says: {words}")


def _card_verdict(index: dict[str, list[html.HtmlElement]]) -> Verdict:
    """The card at t.me/<name>: of a channel, a group, a person, or of nobody."""
    title = _first(index, "tgme_page_title")
    extra = _first(index, "tgme_page_extra")
    description = _first(index, "tgme_page_description") or ""
    if "tgme_page_widget" in index or "tgme_page_widget_wrap" in index:
        return Verdict(Outcome.EMPTY, "the card of a single post, which itself stands in an embedded frame")
    if _RESTRICTED.search(description) and not _links_to_preview(index):
        return Verdict(Outcome.RESTRICTED, f"Telegram says: {description}")
    if title is None:
        return Verdict(Outcome.SOFT_404, "no channel, group or person of this name is shown")
    if _links_to_preview(index):
        return Verdict(
            Outcome.EMPTY, f"the card of channel {title!r} ({extra}); its posts are on the preview page"
        )
    if extra and re.search(r"online|members|участник|удзельнік|учасник", extra, re.IGNORECASE):
        return Verdict(Outcome.LOGIN_WALL, f"a group ({extra}): messages are shown only inside Telegram")
    if extra and re.search(r"subscriber|подписчик|падпісчык|підписник", extra, re.IGNORECASE):
        return Verdict(Outcome.LOGIN_WALL, f"channel {title!r} ({extra}) has no public preview")
    return Verdict(Outcome.SOFT_404, f"{title!r} is a person or bot, not a channel")


def _first(index: dict[str, list[html.HtmlElement]], name: str) -> str | None:
    found = index.get(name)
    return seen_text(found[0]) or None if found else None


def _links_to_preview(index: dict[str, list[html.HtmlElement]]) -> str | None:
    for button in index.get("tgme_action_button_new", []) + index.get("tgme_action_button", []):
        link = button.get("href") or ""
        if "/s/" in link:
            return link
    return None


def _links_of_card(page: Page, index: dict[str, list[html.HtmlElement]]) -> Links:
    """From a card on to where the posts are: the preview page, or the frame of the single post."""
    frames = [
        frame.get("src") or ""
        for widget in index.get("tgme_page_widget", [])
        for frame in widget.iter("iframe")
        if frame.get("src")
    ]
    preview = _links_to_preview(index)
    found = (absolute(page.url, link) for link in [*frames, *([preview] if preview else [])])
    return Links(next_pages=tuple(link for link in found if link))


def _refused(page: Page, verdict: Verdict, layout: str | None, links: Links | None = None) -> Reading:
    """Only content brings records, and a page without posts is none, whatever its status."""
    outcome = Outcome.EMPTY if verdict.outcome is Outcome.CONTENT else verdict.outcome
    return Reading(
        url=page.url,
        kind="telegram",
        outcome=outcome,
        outcome_reason=verdict.reason or "no post on this page",
        layout=layout,
        parser_version=PARSER_VERSION,
        links=links or Links(),
    )
