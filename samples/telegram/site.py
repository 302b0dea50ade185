"""t.me: channel previews with paging, single posts, landing cards, and redirects for what has no preview."""

import hashlib
import json
import os
import re
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from samples.messages import Headers, Request, Response, html, not_found, redirect
from samples.pages import page
from samples.telegram.channel import Channel, Post, channels
from samples.telegram.files import photo_url, stream_url, thumb_url
from samples.telegram.rich_text import emoji, plain, rich_text

POSTS_A_PAGE = 20
PREVIEW = re.compile(r"/s/(?P<handle>\w+)(/(?P<post>\d+))?")
POST = re.compile(r"/(?P<handle>\w+)/(?P<post>\d+)")
LANDING = re.compile(r"/(?P<handle>\w+)")

GROUPS = {
    "pryklad_chat": ("Чат горада Прыклад", "1 204 members, 37 online", "Размовы пра горад. Будзьце ветлівыя."),
}
"""Groups have no preview: title, the line under it, description."""


@dataclass(frozen=True, slots=True)
class Window:
    """The posts of one page, oldest first, and the cursors to the pages beside it."""

    posts: tuple[Post, ...]
    older: int | None
    newer: int | None


def window(posts: tuple[Post, ...], before: int | None, after: int | None) -> Window:
    """Twenty posts: those just before an id, just after one, or the newest. Both bounds are exclusive."""
    if after is not None:
        later = [post for post in posts if post.id > after]
        shown = tuple(later[:POSTS_A_PAGE])
    else:
        shown = tuple(post for post in posts if before is None or post.id < before)[-POSTS_A_PAGE:]
    older = shown[0].id if shown and shown[0].id > posts[0].id else None
    newer = shown[-1].id if shown and shown[-1].id < posts[-1].id else None
    return Window(shown, older, newer)


def data_view(shown: Channel, post: Post) -> str:
    """The ``data-view`` attribute: channel, post (an album ends in g), time of loading and a hash."""
    number: int | str = f"{post.id}g" if post.album else post.id
    loaded = int(time.time())
    digest = hashlib.sha256(f"{shown.channel_id}/{number}/{loaded}".encode()).hexdigest()[:18]
    facts = {"c": shown.channel_id, "p": number, "t": loaded, "h": digest}
    return urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")


def telegram_page(template: str, **values: object) -> Response:
    """A page of t.me with the headers and cookies it sends."""
    text = page(
        f"telegram/{template}",
        photo_url=photo_url,
        thumb_url=thumb_url,
        stream_url=stream_url,
        rich_text=rich_text,
        plain=plain,
        emoji=emoji,
        milliseconds=12.0 + os.urandom(1)[0] / 4,
        **values,
    )
    headers: Headers = (
        (
            "Set-Cookie",
            f"stel_ssid={os.urandom(9).hex()}_{int(time.time())}; path=/; samesite=None; secure; HttpOnly",
        ),
        ("Pragma", "no-cache"),
        ("Cache-control", "no-store"),
        ("X-Frame-Options", "ALLOW-FROM https://web.telegram.org"),
        ("Content-Security-Policy", "frame-ancestors https://web.telegram.org"),
        ("Strict-Transport-Security", "max-age=35768000"),
    )
    return html(text, headers=headers)


def cursor(request: Request, name: str) -> int | None:
    """A cursor of the query; what is no number counts as not given."""
    value = request.query.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() else None


def preview(request: Request, handle: str, post: int | None) -> Response:
    """A page of the channel's preview; what has none is sent to its landing card."""
    shown = channels(request.day).get(handle)
    if shown is None:
        return redirect(f"https://t.me/{handle}")
    asked = request.query.get("q", "")
    found = (
        tuple(one for one in shown.posts if asked.casefold() in (one.text or "").casefold())
        if asked
        else shown.posts
    )
    before, after = cursor(request, "before"), cursor(request, "after")
    if post is not None and before is None and after is None:
        after = max((one.id for one in shown.posts if one.id < post), default=0)
    seen = window(found, before, after) if found else Window((), None, None)
    return telegram_page(
        "channel.html",
        channel=shown,
        posts=seen.posts,
        older=seen.older,
        newer=seen.newer,
        asked=asked,
        view_of=lambda one: data_view(shown, one),
    )


def single(request: Request, handle: str, number: int) -> Response:
    """One post: the page around it, or with ``embed=1`` the post itself."""
    shown = channels(request.day).get(handle)
    if shown is None:
        return redirect(f"https://t.me/{handle}")
    post = next((one for one in shown.posts if number in one.ids), None)
    if "embed" in request.query:
        return telegram_page("embed.html", channel=shown, post=post, view_of=lambda one: data_view(shown, one))
    return (
        telegram_page("post_page.html", channel=shown, post=post) if post is not None else landing(request, handle)
    )


def landing(request: Request, handle: str) -> Response:
    """The card of a channel, a group, or a name that nobody has."""
    shown = channels(request.day).get(handle)
    if shown is not None:
        extra = f"{shown.counters['subscribers']} subscribers"
        return telegram_page(
            "landing.html",
            handle=handle,
            name=shown.title,
            avatar=shown.avatar,
            description=shown.description,
            extra=extra,
            previewed=True,
        )
    name, extra, description = GROUPS.get(handle, (f"Telegram: Contact @{handle}", "", ""))
    return telegram_page(
        "landing.html",
        handle=handle,
        name=name,
        avatar="park/c20/w160/q80" if extra else None,
        description=description,
        extra=extra,
        previewed=False,
    )


def answer(request: Request) -> Response:
    """What t.me says to a request."""
    if request.scheme == "http":
        return redirect(f"https://t.me{request.target}", status=301)
    if match := PREVIEW.fullmatch(request.path):
        return preview(request, match["handle"], int(match["post"]) if match["post"] else None)
    if match := POST.fullmatch(request.path):
        return single(request, match["handle"], int(match["post"]))
    if match := LANDING.fullmatch(request.path):
        return landing(request, match["handle"])
    return not_found(request)
