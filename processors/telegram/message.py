"""One message of the Telegram preview as a `TelegramPost`.

In: the ``div.tgme_widget_message`` and the page's URL. Out: the post, the ids it consumed, what the preview
withheld, and the parts that no known layout has. The author's avatar, the quote of the post replied to and the
card of a link are read as what they are, never as the post's own text or media.
Source: stored pages of 2020, 2023 and 2026, and the layout notes in LETAPIS_REALDATA/telegram/README.md.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from lxml import etree, html

from processors.markup.html_tree import STRUCK_MARK, classes, elements, visible_text
from processors.markup.visibility import struck_in
from processors.records.struck import Struck
from processors.records.telegram_post import (
    Forward,
    InlineButton,
    LinkPreview,
    Medium,
    Poll,
    PollOption,
    Reaction,
    Reply,
    TelegramPost,
    Withheld,
)
from processors.telegram.layouts import unknown_parts
from processors.telegram.media import ATTACHMENTS, PREFIX, attachment_kind, read_medium
from processors.text import one_line
from processors.urls import absolute

_POST = re.compile(r"^(?:c/)?([A-Za-z0-9_]{1,64})/(?:\d+/)?(\d{1,12})$")
_POST_LINK = re.compile(r"^https?://(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?(?P<post>[^?#]+)")
_PEER = re.compile(r"^c(\d{1,18})(?:_|$)")
_ITEM = re.compile(r"/(\d{1,12})(?:\?|$)")
# the mark in the languages the apps have; the web preview was only ever seen in English
_EDITED = frozenset(
    ("edited", "изменено", "отредактировано", "змінено", "відредаговано", "зменена", "адрэдагавана")
)
_LONGEST_COUNT = 50
_COUNT = re.compile(r"^([\d.,\s\u00a0]+)\s*([KMBКМ]?)$", re.IGNORECASE)
_THOUSANDS = {"": 1, "k": 1_000, "к": 1_000, "m": 1_000_000, "м": 1_000_000, "b": 1_000_000_000}
_PAID_REACTION = "⭐"
# the web preview was only ever seen in English
_SERVICE_LABEL = "service message"
_FORWARDED_FROM = re.compile(r"^forwarded from\b:?\s*", re.IGNORECASE)
# boxes like that of a link, for a thing that only the application has
_OFFERS = ("invoice", "game")
# read apart, or not at all: their insides look like those of a message
_APART = frozenset(f"{PREFIX}{name}" for name in ("reply", "link_preview", "user", "text", "poll"))


@dataclass(frozen=True, slots=True)
class MessageReading:
    """A post, every id it consumed, what of it the preview withheld, and parts of it that were not understood."""

    post: TelegramPost
    post_ids: tuple[int, ...]
    withheld: tuple[Withheld, ...]
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Parts:
    """The message's elements by class, and its attachments, in page order."""

    named: dict[str, list[html.HtmlElement]] = field(default_factory=dict)
    attachments: list[html.HtmlElement] = field(default_factory=list)

    def some(self, name: str) -> list[html.HtmlElement]:
        return self.named.get(PREFIX + name, [])

    def optional(self, name: str) -> html.HtmlElement | None:
        return next(iter(self.some(name)), None)

    def text(self, name: str) -> str | None:
        found = self.optional(name)
        return None if found is None else visible_text(found) or None


def _parts(message: html.HtmlElement) -> _Parts:
    parts = _Parts()
    walk = etree.iterwalk(message, events=("start",))
    for _, element in walk:
        if not isinstance(element.tag, str):
            continue
        names = classes(element)
        for name in names:
            parts.named.setdefault(name, []).append(element)
        if element is message:
            continue
        if not ATTACHMENTS.keys().isdisjoint(names):
            parts.attachments.append(element)
            walk.skip_subtree()
        elif not _APART.isdisjoint(names):
            walk.skip_subtree()
    return parts


def read_message(message: html.HtmlElement, page_url: str) -> MessageReading | None:
    """Read one message; None for one without a post id (error and search notices)."""
    parts = _parts(message)
    named = _POST.match(message.get("data-post") or _linked_post(parts))
    if named is None:
        return None
    channel, post_id = named.group(1), int(named.group(2))
    blocks = parts.some("text")
    text = (
        "\n".join(filter(None, (visible_text(block, indented=True, mark=STRUCK_MARK) for block in blocks))) or None
    )
    media = tuple(
        read_medium(item, kind, page_url)
        for item in parts.attachments
        if (kind := attachment_kind(item)) is not None
    )
    poll = _poll(parts)
    buttons = _buttons(parts, page_url)
    post = TelegramPost(
        url=f"https://t.me/{channel}/{post_id}",
        channel=channel,
        channel_id=_channel_id(message),
        post_id=post_id,
        published_at=_published_at(parts),
        edited=_is_edited(parts),
        signature=parts.text("from_author"),
        text=text,
        views=count_of(parts.text("views")),
        views_raw=parts.text("views"),
        links=tuple(dict.fromkeys((*_links(parts, page_url), *(each.url for each in buttons if each.url)))),
        buttons=buttons,
        media=media,
        forwarded_from=_forward(parts, page_url),
        reply_to=_reply(parts, page_url),
        poll=poll,
        reactions=_reactions(parts),
        link_preview=_link_preview(parts, page_url),
        service="service_message" in classes(message) or _says_service(parts),
        struck=tuple(
            Struck(field="text", text=one_line(visible_text(words)))
            for block in blocks
            for words in struck_in(block)
        ),
    )
    consumed = {post_id, *(_item_id(item) for item in parts.attachments)} - {None}
    ids = tuple(sorted(id_ for id_ in consumed if id_))
    return MessageReading(post, ids, _withheld(post, parts), unknown_parts(parts.named))


def _linked_post(parts: _Parts) -> str:
    """Frames of 2018 name their post only where the date links to it."""
    for date in parts.some("date"):
        found = _POST_LINK.match(date.get("href") or "")
        if found:
            return found.group("post").rstrip("/")
    return ""


def _says_service(parts: _Parts) -> bool:
    """In a frame the notice stands where the post would be, and says no more than what it is."""
    labels = parts.named.get("message_media_not_supported_label", [])
    return any(visible_text(label).casefold() == _SERVICE_LABEL for label in labels)


def count_of(raw: str | None) -> int | None:
    """``2.73K`` is 2730; None for what is no count."""
    found = _COUNT.match(raw.strip()[:_LONGEST_COUNT]) if raw else None
    if found is None:
        return None
    unit = found.group(2).casefold()
    digits = re.sub(r"\s", "", found.group(1))
    digits = digits.replace(",", "." if unit else "")
    try:
        return int(Decimal(digits) * _THOUSANDS[unit])
    except (InvalidOperation, OverflowError):
        return None


def _channel_id(message: html.HtmlElement) -> int | None:
    """``data-view`` is base64url JSON; ``c`` is the channel's number, negative.

    Frames that lack it name the number in ``data-peer``, without its sign (``c1999000111_...``).
    """
    data_view = message.get("data-view") or ""
    try:
        seen = json.loads(base64.urlsafe_b64decode(data_view + "=" * (-len(data_view) % 4)))
        number = seen["c"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        peer = _PEER.match(message.get("data-peer") or "")
        return -int(peer.group(1)) if peer else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _published_at(parts: _Parts) -> datetime | None:
    """The date link's ``time``; embeds write the long date there, the attribute is the same."""
    for date in parts.some("date"):
        for element in elements(date):
            if element.tag == "time" and element.get("datetime"):
                try:
                    moment = datetime.fromisoformat(element.get("datetime"))
                except ValueError:
                    return None
                return moment.astimezone(UTC) if moment.tzinfo else None
    return None


def _is_edited(parts: _Parts) -> bool:
    """The word stands bare in the line of facts, before the signature and the date."""
    for meta in parts.some("meta"):
        bare = [meta.text or "", *(child.tail or "" for child in meta)]
        if any(word.strip("\u00a0 ,.").casefold() in _EDITED for piece in bare for word in piece.split()):
            return True
    return False


def _links(parts: _Parts, page_url: str) -> tuple[str, ...]:
    """Addresses linked in the text, each once; a hashtag (``?q=%23...``) only searches this channel.

    Addresses behind words (those that ask before they are opened) are escaped twice (seen 2024-12).
    """
    found: dict[str, None] = {}
    for block in parts.some("text"):
        for element in elements(block):
            href = element.get("href") if element.tag == "a" else None
            if href and element.get("onclick"):
                href = href.replace("&amp;", "&")
            if href and not href.startswith("?q="):
                address = absolute(page_url, href)
                found.setdefault(address or href)
    return tuple(found)


def _buttons(parts: _Parts, page_url: str) -> tuple[InlineButton, ...]:
    """The buttons under the post, row by row; only those that lead somewhere have an address."""
    found = []
    for button in parts.some("inline_button"):
        href = button.get("href")
        address = absolute(page_url, href) if href else None
        if (words := one_line(visible_text(button))) or address:
            found.append(InlineButton(text=words, url=address))
    return tuple(found)


def _forward(parts: _Parts, page_url: str) -> Forward | None:
    """The origin's name is a link, a bare span where the origin is hidden, or bare text."""
    name = parts.optional("forwarded_from_name")
    if name is None:
        stated = _FORWARDED_FROM.sub("", parts.text("forwarded_from") or "")
        return Forward(name=stated) if stated else None
    link = name.get("href")
    return Forward(name=visible_text(name), url=absolute(page_url, link) if link else None)


def _reply(parts: _Parts, page_url: str) -> Reply | None:
    reply = parts.optional("reply")
    link = None if reply is None else absolute(page_url, reply.get("href") or "")
    if reply is None or link is None:
        return None
    quote = next((e for e in elements(reply) if "js-message_reply_text" in classes(e)), None)
    return Reply(url=link, text=None if quote is None else visible_text(quote) or None)


def _inner(element: html.HtmlElement, name: str) -> str | None:
    found = next((e for e in elements(element) if name in classes(e)), None)
    return None if found is None else visible_text(found) or None


def _poll(parts: _Parts) -> Poll | None:
    poll = parts.optional("poll")
    if poll is None:
        return None
    options = []
    for option in (e for e in elements(poll) if f"{PREFIX}poll_option" in classes(e)):
        percent = (_inner(option, f"{PREFIX}poll_option_percent") or "").rstrip("% \u00a0")
        text = _inner(option, f"{PREFIX}poll_option_text") or _inner(option, f"{PREFIX}poll_option_value")
        options.append(
            PollOption(
                text=text or "",
                percent=int(percent) if percent.isascii() and percent.isdigit() else None,
            )
        )
    question = _inner(poll, f"{PREFIX}poll_question") or ""
    total = parts.text("voters") or _inner(poll, f"{PREFIX}poll_votes")
    return Poll(question=question, options=tuple(options), total_raw=total)


def _reactions(parts: _Parts) -> tuple[Reaction, ...]:
    """The emoji is a picture with the character inside, a custom emoji's number, or the paid star."""
    found = []
    for span in parts.named.get("tgme_reaction", []):
        count = "".join([span.text or "", *(child.tail or "" for child in span)]).strip()
        custom = next((e.get("emoji-id") for e in elements(span) if e.get("emoji-id")), None)
        drawn = "".join(visible_text(child) for child in span if isinstance(child.tag, str)).strip()
        paid = _PAID_REACTION if "tgme_reaction_paid" in classes(span) else None
        found.append(Reaction(emoji=paid or drawn or custom or "", count_raw=count or None))
    return tuple(found)


def _link_preview(parts: _Parts, page_url: str) -> LinkPreview | None:
    card = parts.optional("link_preview")
    link = None if card is None else absolute(page_url, card.get("href") or "")
    if card is None or link is None:
        return None
    return LinkPreview(
        url=link,
        site_name=_inner(card, "link_preview_site_name"),
        title=_inner(card, "link_preview_title"),
        description=_inner(card, "link_preview_description"),
    )


def _item_id(item: html.HtmlElement) -> int | None:
    """Items of an album link to their own id (``/1002?single``)."""
    link = item.get("href") or ""
    found = _ITEM.search(link) if link.endswith("?single") else None
    return int(found.group(1)) if found else None


def _withheld(post: TelegramPost, parts: _Parts) -> tuple[Withheld, ...]:
    """Files named but not given, and posts of which nothing is shown.

    The notice "Please open Telegram" beside a text or picture says nothing about the post.
    """
    missing = [
        Withheld(post_id=post.post_id, reason=f"{medium.kind}: {_why(medium)}")
        for medium in post.media
        if medium.url is None and medium.kind not in ("location", "contact")
    ]
    offers = [f"{name}: {words.replace(chr(10), ' ')}" for name in _OFFERS if (words := parts.text(name))]
    missing += [Withheld(post_id=post.post_id, reason=f"only inside Telegram: {offer}") for offer in offers]
    if not (post.text or post.media or post.poll or offers):
        labels = parts.named.get("message_media_not_supported_label", [])
        notice = next((visible_text(label) for label in labels), "")
        missing.append(Withheld(post_id=post.post_id, reason=notice or "the preview shows nothing of this post"))
    return tuple(missing)


def _why(medium: Medium) -> str:
    if medium.kind in ("document", "audio"):
        return f"the preview names {medium.title or 'a file'} and gives no address"
    return medium.extra or "the preview gives no address"
