"""Why a page of Telegram shows no post: redirects, notices, cards of channels, groups and people, other pages.

In: a page and its elements by class. Out: an outcome with its reason in words. Telegram refuses with status 200,
and what is neither its preview nor a known refusal is not understood: never an empty channel.
"""

import re
from typing import TypeAlias
from urllib.parse import urlsplit

from lxml import html

from processors.markup.html_tree import visible_text
from processors.pages.outcome import Classification, Outcome, classify
from processors.pages.page import Page

ClassIndex: TypeAlias = dict[str, list[html.HtmlElement]]
"""Elements of a page by each of their classes, in page order."""

_RESTRICTED = re.compile(
    r"can.t be displayed|couldn.t be displayed|is unavailable|is not available|violat\w+|copyright|"
    r"недоступ\w+|заблокирован\w+|нарушен\w+",
    re.IGNORECASE,
)


def why_no_post(page: Page, index: ClassIndex) -> Classification:
    """Why a page of Telegram shows no post."""
    if page.status is not None and page.status != 200:
        verdict = classify(page)
        if 300 <= page.status < 400 and "/s/" in urlsplit(page.url).path:
            why = "sent away from the preview: a group, a missing name, or preview switched off"
            return Classification(Outcome.EMPTY, f"status {page.status}: {why}")
        if verdict.outcome is not Outcome.CONTENT:
            return verdict
    errors = index.get("tgme_widget_message_error") or index.get("err_message")
    if errors:
        return _error_verdict(visible_text(errors[0]) or "an error without words")
    if "tme_no_messages_found" in index:
        return Classification(Outcome.EMPTY, f"no post found: {visible_text(index['tme_no_messages_found'][0])}")
    if "tgme_channel_history" in index:
        return _history_verdict(index)
    if "tgme_page" in index:
        return _card_verdict(index)
    verdict = classify(page)
    if verdict.outcome is not Outcome.CONTENT:
        return verdict
    return Classification(Outcome.SOFT_404, "no markup of Telegram's preview on this page: not understood")


def _history_verdict(index: ClassIndex) -> Classification:
    """A channel's page without a post that can be read: one that has none is bare, all else is not understood."""
    history = index["tgme_channel_history"][0]
    if "tgme_widget_message_wrap" in index or "tgme_widget_message" in index or visible_text(history):
        why = "the channel page shows something where its posts stand, and none of it can be read: not understood"
        return Classification(Outcome.SOFT_404, why)
    return Classification(Outcome.EMPTY, "the channel page shows no post at this place")


def _error_verdict(words: str) -> Classification:
    if re.search(r"private|приват|закрыт", words, re.IGNORECASE):
        return Classification(Outcome.LOGIN_WALL, f"Telegram says: {words}")
    if _RESTRICTED.search(words):
        return Classification(Outcome.RESTRICTED, f"Telegram says: {words}")
    return Classification(Outcome.SOFT_404, f"Telegram says: {words}")


def _card_verdict(index: ClassIndex) -> Classification:
    """The card at t.me/<name>: of a channel, a group, a person, or of nobody."""
    title = _first(index, "tgme_page_title")
    extra = _first(index, "tgme_page_extra")
    description = _first(index, "tgme_page_description") or ""
    if "tgme_page_widget" in index or "tgme_page_widget_wrap" in index:
        return Classification(Outcome.EMPTY, "the card of a single post, which itself stands in an embedded frame")
    if _RESTRICTED.search(description) and not links_to_preview(index):
        return Classification(Outcome.RESTRICTED, f"Telegram says: {description}")
    if title is None:
        return Classification(Outcome.SOFT_404, "no channel, group or person of this name is shown")
    if links_to_preview(index):
        return Classification(
            Outcome.EMPTY, f"the card of channel {title!r} ({extra}); its posts are on the preview page"
        )
    if extra and re.search(r"online|members|участник|удзельнік|учасник", extra, re.IGNORECASE):
        return Classification(Outcome.LOGIN_WALL, f"a group ({extra}): messages are shown only inside Telegram")
    if extra and re.search(r"subscriber|подписчик|падпісчык|підписник", extra, re.IGNORECASE):
        return Classification(Outcome.LOGIN_WALL, f"channel {title!r} ({extra}) has no public preview")
    return _card_of_the_unnamed(title, index)


def _card_of_the_unnamed(title: str, index: ClassIndex) -> Classification:
    """A card that says nothing of members: the button tells people and bots from chats that hide their numbers."""
    buttons = index.get("tgme_action_button_new", []) + index.get("tgme_action_button", [])
    offered = " ".join(visible_text(button) for button in buttons)
    if re.search(r"\bbot\b|\bbots?\b|бот", offered, re.IGNORECASE):
        return Classification(Outcome.SOFT_404, f"{title!r} is a bot, not a channel")
    if re.search(r"view|join|смотреть|вступить|паглядзець|далучыцца", offered, re.IGNORECASE):
        return Classification(
            Outcome.LOGIN_WALL,
            f"{title!r} is a group or a channel that hides its numbers, without a public preview",
        )
    return Classification(Outcome.SOFT_404, f"{title!r} is a person or bot, not a channel")


def _first(index: ClassIndex, name: str) -> str | None:
    found = index.get(name)
    return visible_text(found[0]) or None if found else None


def links_to_preview(index: ClassIndex) -> str | None:
    """Where a card leads to the channel's preview; None where it does not."""
    for button in index.get("tgme_action_button_new", []) + index.get("tgme_action_button", []):
        link = button.get("href") or ""
        if "/s/" in link:
            return link
    return None
