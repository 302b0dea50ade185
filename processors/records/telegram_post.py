"""What a Telegram channel's public preview says: the record of a post and its parts.

Field names are the JSON keys (architecture §7). Reading is in `processors.telegram.page` and
`processors.telegram.message`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck

MediumKind = Literal[
    "photo", "video", "round_video", "voice", "audio", "document", "sticker", "location", "contact"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One thing attached to a post.

    ``url`` is None where the preview withholds the file; ``extra`` then says why in the page's words
    ("Media is too big"). Otherwise ``extra`` is the line under a document's title (size, performer, phone
    number). Media addresses are signed and expire: the same photo comes back under another URL.
    """

    kind: MediumKind
    url: str | None = None
    thumb_url: str | None = None
    duration_s: int | None = None
    title: str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where a post was forwarded from; ``url`` is None where the origin is hidden."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The post replied to, and the shortened quote of it that the page shows (never this post's own text)."""

    url: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOption:
    """One answer; ``percent`` is a whole number as shown, None where results are hidden."""

    text: str
    percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Question, answers in page order, and the line with the number of voters."""

    question: str
    options: tuple[PollOption, ...] = ()
    total_raw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji (or the id of a custom one) and its count as shown."""

    emoji: str
    count_raw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPreview:
    """The card Telegram made of a link in the text."""

    url: str
    site_name: str | None = None
    title: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineButton:
    """A button under a post; ``url`` is None where it does something inside Telegram alone."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramPost:
    """One post.

    ``channel`` is the handle at the time, an alias; ``channel_id`` the number that survives renaming, negative
    as the page gives it. ``service`` is true for notices Telegram itself wrote (created, renamed, pinned).
    ``links`` are those of the text and then those of the ``buttons``. Crossed-out words stand in ``text`` between
    ``~~`` and in ``struck``.
    """

    kind: Literal["telegram_post"] = "telegram_post"
    url: str
    channel: str
    channel_id: int | None = None
    post_id: int
    published_at: datetime | None = None
    edited: bool = False
    signature: str | None = None
    text: str | None = None
    views: int | None = None
    views_raw: str | None = None
    links: tuple[str, ...] = ()
    buttons: tuple[InlineButton, ...] = ()
    media: tuple[Medium, ...] = ()
    forwarded_from: Forward | None = None
    reply_to: Reply | None = None
    poll: Poll | None = None
    reactions: tuple[Reaction, ...] = ()
    link_preview: LinkPreview | None = None
    service: bool = False
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Something the preview names but does not give, with its reason in words: another path may fetch it."""

    post_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a page proves to exist: all ids its posts consumed (an album takes one per item), oldest first.

    Every id between the first and the last that is not named was not shown at that time.
    """

    post_ids: tuple[int, ...] = ()
    withheld: tuple[Withheld, ...] = ()
