"""Telegram channels as a kind of source."""

from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, heading_of_first, ngettext
from processors.records.record import only_of_record, record_without
from processors.records.telegram_post import Medium, TelegramPost
from processors.telegram.exported_post import ExportedPost

# a location's or contact's address is what was posted; every other medium's is a signature that expires
_LASTING_MEDIA_URLS = ("location", "contact")

WORDS_BESIDES = ("forwarded_from", "reply_to")
"""Fields of a post whose words make no version and are looked for all the same."""


def telegram_post_key(post: TelegramPost, source_id: str, publisher: str | None = None) -> str:
    """The channel's number, or its handle where no number is known, and the post's."""
    del source_id, publisher
    channel = f"@{post.channel.casefold()}" if post.channel_id is None else str(post.channel_id)
    return f"{channel}/{post.post_id}"


def _version(post: TelegramPost) -> dict[str, Any]:
    """Without counts, signed addresses, the present names of this channel and of those it forwards from, the quote
    of the post replied to, and Telegram's ``edited`` mark (a first reaction can set it, tdesktop#30647).
    """
    content = record_without(post, "url", "channel", "views", "views_raw", "reactions", "edited", "media", "poll")
    if not content["buttons"]:
        del content["buttons"]  # so that versions from before there was such a key keep their ids
    content["media"] = [_medium_version(medium) for medium in post.media]
    content["poll"] = post.poll and {
        "question": post.poll.question,
        "options": [option.text for option in post.poll.options],
    }
    # where it came from cannot be edited; names and addresses there are those of today
    content["forwarded_from"] = post.forwarded_from and {}
    content["reply_to"] = post.reply_to and {"post_id": _post_id_in(post.reply_to.url)}
    if post.service:
        content["links"] = []  # to who pinned or joined, under the names of today
    if "export" in content:
        content["export"] = {name: content["export"][name] for name in ("action", "entities")}
    return content


def _post_id_in(address: str) -> int | None:
    """The number a post has in its own chat, whatever the chat is called."""
    last = urlsplit(address).path.rstrip("/").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdecimal() else None


def _medium_version(medium: Medium) -> dict[str, Any]:
    return {
        "kind": medium.kind,
        "url": medium.url if medium.kind in _LASTING_MEDIA_URLS else None,
        "duration_s": medium.duration_s,
        "title": medium.title,
        "extra": medium.extra,
    }


def _sighting(post: TelegramPost) -> dict[str, Any]:
    seen = only_of_record(post, "url", "channel", "views", "views_raw", "reactions", "edited", *WORDS_BESIDES)
    seen["poll"] = post.poll and {
        "percents": [option.percent for option in post.poll.options],
        "total_raw": post.poll.total_raw,
    }
    return seen


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.telegram.desktop_export import PARSER_VERSION as EXPORT_VERSION
    from processors.telegram.desktop_export import read_telegram_export
    from processors.telegram.layouts import LAYOUTS
    from processors.telegram.page import read_telegram

    return (
        *(
            ParserVersion(
                kind="telegram",
                name=drawn.parser_version,
                read=partial(read_telegram, of_day=drawn),
                valid_from=drawn.valid_from,
                valid_until=drawn.valid_until,
            )
            for drawn in LAYOUTS
        ),
        ParserVersion(kind="telegram_export", name=EXPORT_VERSION, read=read_telegram_export),
    )


TELEGRAM: Final = KindOfSource(
    name="telegram",
    description="A public channel with a web preview.",
    label=N_("Telegram"),
    record=KindOfRecord(
        name="telegram_post",
        plural="posts",
        labels=ngettext("Telegram post", "Telegram posts"),
        types=(TelegramPost, ExportedPost),  # only exports have ``export``
        key=telegram_post_key,
        version=_version,
        sighting=_sighting,
        heading=heading_of_first("text"),
    ),
    parsers=_parsers,
)
