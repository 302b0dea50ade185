"""What an export of Telegram Desktop says of a post: the record, and what only an export has."""

from dataclasses import dataclass
from datetime import datetime

from processors.records.telegram_post import TelegramPost


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEntity:
    """A run of text with the type Telegram gave it (``bold``, ``text_link``, ``mention`` ...)."""

    type: str
    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """What only an export says. ``missing_files``: files it names but was told not to bring, in its words."""

    chat_name: str | None
    chat_type: str | None
    sender: str | None = None
    sender_id: str | None = None
    action: str | None = None
    edited_at: datetime | None = None
    entities: tuple[TextEntity, ...] = ()
    missing_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPost(TelegramPost):
    """A post out of an export; ``export`` marks it as such."""

    export: ExportFacts
