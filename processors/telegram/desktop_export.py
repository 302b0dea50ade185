"""Posts of a channel or group as Telegram Desktop exports them (``result.json``).

In: the file as a `Page`. Out: a `Reading` of `ExportedPost`s; media addresses are those of the files beside it.
An export has what a preview withholds and lacks what it shows (views, the handle): the natural key of a post is
the same, channel number and post id, but its readings are of another parser and are never compared or merged with
those of a preview. Times come from ``date_unixtime`` alone, since ``date`` is in the zone of whoever exported.
Source: Telegram Desktop, ``SourceFiles/export/output/export_output_json.cpp`` (read 2026-11-23).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from processors.markup.html_tree import STRUCK_MARK
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.parse_result import Links, Reading
from processors.records.struck import Struck
from processors.records.telegram_post import (
    Forward,
    InlineButton,
    Medium,
    MediumKind,
    Poll,
    PollOption,
    Reaction,
    Reply,
)
from processors.tables.layout import Layout
from processors.telegram.exported_post import ExportedPost, ExportFacts, TextEntity
from processors.text import one_line

PARSER_VERSION = "telegram-export-2"
EXPORT_ADDRESS = "file:///telegram-export/"
"""Under which the files of an export stand: their place in it, and no place on anybody's machine."""
_KINDS: dict[str, MediumKind] = {
    "video_file": "video",
    "animation": "video",
    "video_message": "round_video",
    "voice_message": "voice",
    "audio_file": "audio",
    "sticker": "sticker",
}
# chats whose numbers the preview writes with a minus
_CHANNELS = ("public_channel", "private_channel", "public_supergroup", "private_supergroup")
_WITHHELD = "(File "
_PAID_REACTION = "⭐"
_STRUCK = "strikethrough"
_LEADING_BUTTONS = ("url", "auth", "web_view", "simple_web_view")
# facts of a service message besides its wording, in the order in which they are told
_SERVICE_FACTS = ("title", "message_id", "members", "inviter", "duration_seconds", "new_title", "width", "height")


@dataclass(frozen=True, slots=True)
class _Chat:
    name: str | None
    type: str | None
    number: int
    base: str

    @property
    def channel_id(self) -> int:
        return -self.number if self.type in _CHANNELS else self.number


def read_telegram_export(page: Page, layout: Layout | None = None) -> Reading:
    """Read an export; one that cannot be understood is an outcome with its reason."""
    del layout
    try:
        whole = json.loads(page.body)
    except (ValueError, RecursionError) as error:
        return _reading(page, Outcome.EMPTY, f"the export is no JSON that can be read: {error}"[:300])
    chats = list(_chats(whole, page.url.rpartition("/")[0]))
    if not chats:
        return _reading(page, Outcome.EMPTY, "no chat with a number and messages is in this export")
    posts: list[ExportedPost] = []
    left: list[str] = []
    for chat, messages in chats:
        for message in messages:
            post = _post(chat, message)
            if post is None:
                left.append(str(message)[:120])
            else:
                posts.append(post)
    remarks = [f"export of {chat.name!r} ({chat.type}), {len(messages)} messages" for chat, messages in chats]
    remarks += [f"no message with a number: {each}" for each in left[:20]]
    if not posts:
        return _reading(page, Outcome.EMPTY, "no message in this export", remarks=tuple(remarks))
    media = dict.fromkeys(url for post in posts for medium in post.media for url in (medium.url, medium.thumb_url))
    return _reading(
        page,
        Outcome.CONTENT,
        None,
        records=tuple(posts),
        remarks=tuple(remarks),
        links=Links(media=tuple(url for url in media if url)),
    )


def is_export(url: str) -> bool:
    """Whether a capture's address is that of an export's ``result.json``."""
    return url.startswith(EXPORT_ADDRESS) and url.endswith("/result.json")


def chat_numbers(body: bytes) -> tuple[int, ...]:
    """Numbers of the chats in an export, as the preview writes them; raises ``ValueError`` for what is none."""
    numbers = tuple(chat.channel_id for chat, _ in _chats(json.loads(body), ""))
    if not numbers:
        raise ValueError("no chat with a number and messages")
    return numbers


def _chats(whole: Any, base: str) -> Iterator[tuple[_Chat, list[Any]]]:
    """One chat, or all of an account's export."""
    if not isinstance(whole, dict):
        return
    listed = [whole]
    for part in ("chats", "left_chats"):
        inner = whole.get(part)
        if isinstance(inner, dict) and isinstance(inner.get("list"), list):
            listed += inner["list"]
    for chat in listed:
        if isinstance(chat, dict) and _whole(chat.get("id")) and isinstance(chat.get("messages"), list):
            yield _Chat(_text(chat.get("name")), _text(chat.get("type")), chat["id"], base), chat["messages"]


def _post(chat: _Chat, message: Any) -> ExportedPost | None:
    if not isinstance(message, dict) or not _whole(message.get("id")):
        return None
    service = message.get("type") == "service"
    entities = tuple(_entities(message))
    media = tuple(_media(chat, message))
    reply: Any = message.get("reply_to_message_id")
    stated = "".join(map(_words_of_run, entities)).strip() or None
    buttons = tuple(_buttons(message.get("inline_bot_buttons")))
    addresses = (*map(_href, entities), *(button.url for button in buttons))
    return ExportedPost(
        url=_address(chat, message["id"]),
        channel=f"c/{chat.number}",
        channel_id=chat.channel_id,
        post_id=message["id"],
        published_at=_moment(message.get("date_unixtime")),
        edited="edited_unixtime" in message or "edited" in message,
        signature=_text(message.get("author")),
        text=_service_words(message) if service else stated,
        links=tuple(dict.fromkeys(filter(None, addresses))),
        buttons=buttons,
        media=media,
        forwarded_from=_forward(message),
        reply_to=Reply(url=_address(chat, reply)) if _whole(reply) else None,
        poll=_poll(message.get("poll")),
        reactions=tuple(_reactions(message.get("reactions"))),
        service=service,
        struck=tuple(
            Struck(field="text", text=words)
            for entity in entities
            if not service and entity.type == _STRUCK and (words := one_line(entity.text))
        ),
        export=ExportFacts(
            chat_name=chat.name,
            chat_type=chat.type,
            sender=_text(message.get("from")) or _text(message.get("actor")),
            sender_id=_text(message.get("from_id")) or _text(message.get("actor_id")),
            action=_text(message.get("action")),
            edited_at=_moment(message.get("edited_unixtime")),
            entities=tuple(entity for entity in entities if entity.type != "plain"),
            missing_files=tuple(
                value for key in ("photo", "file") if (value := _text(message.get(key))) and _is_missing(value)
            ),
        ),
    )


def _address(chat: _Chat, post_id: int) -> str:
    """Where members of the chat find the message (core.telegram.org/api/links)."""
    return f"https://t.me/c/{chat.number}/{post_id}"


def _entities(message: Mapping[str, Any]) -> Iterator[TextEntity]:
    """``text_entities`` holds every run; before 2022 only ``text`` did, plain runs in it bare."""
    runs = message.get("text_entities") or message.get("text") or ()
    for run in runs if isinstance(runs, list) else [runs]:
        if isinstance(run, str):
            yield TextEntity(type="plain", text=run)
        elif isinstance(run, dict) and isinstance(run.get("text"), str):
            yield TextEntity(type=str(run.get("type")), text=run["text"], href=_text(run.get("href")))


def _words_of_run(entity: TextEntity) -> str:
    """The run's text; crossed-out words of each line between marks."""
    if entity.type != _STRUCK:
        return entity.text
    lines = []
    for line in entity.text.split("\n"):
        words = line.strip()
        lines.append(line.replace(words, f"{STRUCK_MARK}{words}{STRUCK_MARK}") if words else line)
    return "\n".join(lines)


def _buttons(rows: Any) -> Iterator[InlineButton]:
    """Buttons row by row; ``data`` is an address where the type says so, and else what a bot is told."""
    for row in rows if isinstance(rows, list) else ():
        for button in row if isinstance(row, list) else ():
            if isinstance(button, dict) and isinstance(button.get("text"), str):
                leads = button.get("type") in _LEADING_BUTTONS
                yield InlineButton(text=button["text"], url=_text(button.get("data")) if leads else None)


def _href(entity: TextEntity) -> str | None:
    if entity.href:
        return entity.href
    if entity.type == "link":
        return entity.text if "://" in entity.text else f"https://{entity.text}"
    return None


def _media(chat: _Chat, message: Mapping[str, Any]) -> Iterator[Medium]:
    photo, file = _text(message.get("photo")), _text(message.get("file"))
    if photo:
        yield Medium(kind="photo", url=_file(chat, photo), extra=photo if _is_missing(photo) else None)
    if file:
        title = _text(message.get("title")) or _text(message.get("file_name"))
        performer = _text(message.get("performer"))
        duration = message.get("duration_seconds")
        yield Medium(
            kind=_KINDS.get(str(message.get("media_type")), "document"),
            url=_file(chat, file),
            thumb_url=_file(chat, _text(message.get("thumbnail"))),
            duration_s=duration if _whole(duration) else None,
            title=f"{performer} – {title}" if performer and title else title or performer,
            extra=file if _is_missing(file) else _text(message.get("mime_type")),
        )
    place = message.get("location_information")
    if isinstance(place, dict):
        point = f"{place.get('latitude')},{place.get('longitude')}"
        yield Medium(
            kind="location",
            url=f"geo:{point}",
            title=_text(message.get("place_name")),
            extra=_text(message.get("address")) or point,
        )
    contact = message.get("contact_information")
    if isinstance(contact, dict):
        names = [_text(contact.get(key)) for key in ("first_name", "last_name")]
        yield Medium(
            kind="contact",
            title=" ".join(name for name in names if name) or None,
            extra=_text(contact.get("phone_number")),
        )


def _is_missing(file: str) -> bool:
    """``(File not included. Change data exporting settings to download.)`` stands where a path would."""
    return file.startswith(_WITHHELD)


def _file(chat: _Chat, path: str | None) -> str | None:
    return None if not path or _is_missing(path) else f"{chat.base}/{quote(path)}"


def _forward(message: Mapping[str, Any]) -> Forward | None:
    if "forwarded_from" not in message:
        return None
    return Forward(name=_text(message["forwarded_from"]) or "")


def _poll(poll: Any) -> Poll | None:
    """An export counts voters and no shares: they stand beside the answer's own words in ``total_raw``."""
    if not isinstance(poll, dict):
        return None
    answers = [answer for answer in poll.get("answers") or () if isinstance(answer, dict)]
    counted = "; ".join(f"{_words(answer.get('text'))}: {answer.get('voters')}" for answer in answers)
    total = poll.get("total_voters")
    return Poll(
        question=_words(poll.get("question")),
        options=tuple(PollOption(text=_words(answer.get("text"))) for answer in answers),
        total_raw=f"{total} voters ({counted})" if _whole(total) else None,
    )


def _words(value: Any) -> str:
    """Text, or text in runs."""
    runs = value if isinstance(value, list) else [value]
    return "".join(run if isinstance(run, str) else str((run or {}).get("text", "")) for run in runs if run)


def _reactions(reactions: Any) -> Iterator[Reaction]:
    for reaction in reactions if isinstance(reactions, list) else ():
        if isinstance(reaction, dict):
            paid = _PAID_REACTION if reaction.get("type") == "paid" else None
            emoji = paid or _text(reaction.get("emoji")) or _text(reaction.get("document_id")) or ""
            count = reaction.get("count")
            yield Reaction(emoji=emoji, count_raw=str(count) if _whole(count) else None)


def _service_words(message: Mapping[str, Any]) -> str | None:
    """The action in Telegram's own name, and what it was done with."""
    action = _text(message.get("action"))
    facts = [f"{key}: {_listed(message[key])}" for key in _SERVICE_FACTS if message.get(key) not in (None, "", [])]
    return "; ".join([action or "", *facts]).strip("; ") or None


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _moment(unixtime: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(unixtime), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _whole(value: Any) -> bool:
    """Whether it is a whole number that JSON of other programs can hold, too (RFC 8785, section 3.2.2.3)."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53


def _reading(
    page: Page,
    outcome: Outcome,
    reason: str | None,
    *,
    records: tuple[ExportedPost, ...] = (),
    remarks: tuple[str, ...] = (),
    links: Links | None = None,
) -> Reading:
    return Reading(
        url=page.url,
        kind="telegram_export",
        outcome=outcome,
        outcome_reason=reason,
        layout="desktop_export",
        parser_version=PARSER_VERSION,
        records=records,
        links=links or Links(),
        remarks=remarks,
    )
