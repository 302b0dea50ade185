"""Telegram posts against the direct readings of the markup in LETAPIS_REALDATA/telegram."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.telegram_post import TelegramPost
from processors.text import one_line

CAPTURED = datetime(2026, 10, 1, tzinfo=UTC)
# fragments hold one part of a message; the message around it is put back to read it
WRAP = (
    '<div class="tgme_widget_message js-widget_message" data-post="x/1">'
    '<div class="tgme_widget_message_bubble">{}</div></div>'
)


def cases(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for gold_path in sorted(folder.rglob("*.gold.json")):
        page = gold_path.with_name(gold_path.name.replace(".gold.json", ".html"))
        gold = json.loads(gold_path.read_text(encoding="utf-8"))
        yield str(page.relative_to(folder)), page.read_bytes(), gold


def compare(folder: Path) -> Iterator[tuple[str, str, bool, Any, Any]]:
    """One row per field of the gold: page, field, right, expected, found."""
    for name, body, gold in cases(folder):
        expected_posts = gold.get("messages") or gold.get("reference") or []
        whole = [post for post in expected_posts if "post" in post]
        parts = [post for post in expected_posts if "post" not in post and len(post) > 1]
        text = body.decode("utf-8")
        if parts and "data-post" not in text:
            body = WRAP.format(text).encode("utf-8")
            whole = [{"post": "x/1", **parts[0]}]
        reading = read_page(Page("https://t.me/s/x", body, CAPTURED, 200, "text/html; charset=utf-8"), "telegram")
        posts = {
            f"{post.channel}/{post.post_id}": post for post in reading.records if isinstance(post, TelegramPost)
        }
        yield name, "posts", sorted(posts) == sorted(post["post"] for post in whole), len(whole), len(posts)
        if gold.get("before_cursor"):
            found = (reading.links.older or "").partition("before=")[2]
            yield name, "older", found == gold["before_cursor"], gold["before_cursor"], found
        for expected in whole:
            post = posts.get(expected["post"])
            for field, wanted in expected.items():
                if field in FIELDS and post is not None:
                    got = FIELDS[field](post)
                    yield name, field, got == NORMAL.get(field, lambda value: value)(wanted), wanted, got
                elif post is None:
                    yield name, field, False, wanted, None


def _kinds(post: TelegramPost) -> dict[str, int]:
    counted = Counter[str](medium.kind for medium in post.media)
    return {**counted, **({"poll": 1} if post.poll else {})}


def _lines(text: str | None) -> str | None:
    return None if text is None else "\n".join(one_line(line) for line in text.splitlines()).strip()


def _urls(post: TelegramPost, *kinds: str) -> list[str]:
    return [medium.url for medium in post.media if medium.kind in kinds and medium.url]


FIELDS: dict[str, Any] = {
    "channel_id": lambda post: post.channel_id,
    "datetime": lambda post: post.published_at,
    "views_raw": lambda post: post.views_raw,
    "text": lambda post: _lines(post.text),
    "links": lambda post: list(post.links),
    "media": _kinds,
    "edited": lambda post: post.edited,
    "service": lambda post: post.service,
    "signature": lambda post: post.signature,
    "photo_urls": lambda post: _urls(post, "photo"),
    "video_urls": lambda post: _urls(post, "video", "round_video"),
    "video_thumb_urls": lambda post: [
        medium.thumb_url for medium in post.media if medium.kind in ("video", "round_video")
    ],
    "documents": lambda post: [
        {"title": medium.title, "extra": medium.extra}
        for medium in post.media
        if medium.kind in ("document", "audio")
    ],
    "location_href": lambda post: next(medium.url for medium in post.media if medium.kind == "location"),
    "forwarded_from": lambda post: (
        post.forwarded_from and {"name": post.forwarded_from.name, "href": post.forwarded_from.url}
    ),
    "reply_href": lambda post: post.reply_to and post.reply_to.url,
    "poll": lambda post: (
        post.poll
        and {
            "question": post.poll.question,
            "options": [{"text": option.text, "percent": f"{option.percent}%"} for option in post.poll.options],
        }
    ),
    "link_preview": lambda post: (
        post.link_preview
        and (
            post.link_preview.url,
            post.link_preview.site_name,
            post.link_preview.title,
            _lines(post.link_preview.description),
        )
    ),
}
NORMAL: dict[str, Any] = {
    # a player can hold its video twice, sharp and blurred behind itself
    "video_urls": lambda urls: list(dict.fromkeys(urls)),
    "datetime": datetime.fromisoformat,
    "text": _lines,
    "media": lambda media: {medium["kind"]: medium["count"] for medium in media},
    "poll": lambda poll: {"question": poll["question"], "options": poll["options"]},
    "documents": lambda files: [
        {"title": one_line(item["title"]), "extra": one_line(item["extra"])} for item in files
    ],
    "link_preview": lambda card: (
        card["href"],
        *(next(iter(card.get(key, [])), None) for key in ("site_name", "title")),
        _lines(next(iter(card.get("description", [])), None)),
    ),
}


def measure(folder: Path) -> dict[str, Any]:
    """Fields right of all, and the wrong ones."""
    rows = list(compare(folder))
    return {
        "pages": len({row[0] for row in rows}),
        "posts": sum(row[3] for row in rows if row[1] == "posts"),
        "fields_right": sum(row[2] for row in rows),
        "fields": len(rows),
        "wrong": [row for row in rows if not row[2]],
    }
