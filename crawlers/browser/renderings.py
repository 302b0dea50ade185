"""Makes pictures, text and files of a page that a tab shows, each by itself: one that fails costs no other.

In: the tab, what is wanted (`PageHandling`). Out: `MadeOfPage` for each that was made, `NotMade` for each that was
not, and a sentence for each that is not whole. The order is that of `_MAKERS`: what changes the page's layout
comes last. Source: Chrome DevTools Protocol, domains Page and IO.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from playwright.async_api import CDPSession, Frame, Page
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.chromium import VIEWPORT_HEIGHT, VIEWPORT_WIDTH
from crawlers.browser.page_answers import answer_of, require_answer
from crawlers.browser.page_handling import PageHandling
from crawlers.model.capture import RenderingKind

MOST_PICTURE_PIXELS: Final = 16_000
"""Chromium draws no higher texture (16,384 pixels)."""

THUMBNAIL_WIDTH: Final = 400
THUMBNAIL_QUALITY: Final = 75

MOST_FRAMES: Final = 50
"""The text of further frames is left out, and the remarks say so."""

PIECE_BYTES: Final = 1 << 20

DURING: Final = "while renderings were made of it"

A4_INCHES: Final = (8.27, 11.69)


@dataclass(frozen=True, slots=True)
class MadeOfPage:
    """One rendering, its media type, and when it was made."""

    kind: RenderingKind
    media_type: str
    content: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class NotMade:
    """A rendering that is missing; ``remark`` is a sentence on it."""

    kind: RenderingKind
    remark: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page to be pictured; ``remarks`` takes what a picture does not show."""

    tab: Page
    session: CDPSession
    most_bytes: int
    remarks: list[str]


async def make_renderings(
    tab: Page, handling: PageHandling, remarks: list[str]
) -> AsyncIterator[MadeOfPage | NotMade]:
    """All that is wanted, as far as it can be made; ``remarks`` gets a sentence for what one does not show.

    Raises `PageHangs` where the page stops answering and something is left to be made of it.
    """
    wanted = [kind for kind in _MAKERS if kind in handling.renderings]
    if not wanted:
        return
    session = await answer_of(tab.context.new_cdp_session(tab), DURING)
    shown = _Shown(tab, session, handling.rendering_bytes, remarks)
    late = False
    for kind in wanted:
        if late:
            await require_answer(tab, DURING)
        name, media_type, make = _MAKERS[kind]
        late = False
        try:
            async with asyncio.timeout(handling.rendering_seconds):
                content = await make(shown)
        except TimeoutError:
            late = True
            yield NotMade(kind, f"no {name} could be made within {handling.rendering_seconds:g} s")
            continue
        except PlaywrightError as error:
            yield not_made(kind, first_line(error))
            continue
        if len(content) > handling.rendering_bytes:
            yield NotMade(kind, f"the {name} is larger than {handling.rendering_bytes} bytes and was left out")
        else:
            yield MadeOfPage(kind, media_type, content, datetime.now(UTC))


def not_made(kind: RenderingKind, reason: str) -> NotMade:
    """For a rendering that there is none of."""
    return NotMade(kind, f"no {_MAKERS[kind][0]} could be made: {reason}")


def first_line(error: Exception) -> str:
    """What an error of Playwright says, without the log that it adds."""
    return (str(error).splitlines() or [type(error).__name__])[0]


async def _text(shown: _Shown) -> bytes:
    """What a reader sees of the page and of the frames in it, in their order.

    Playwright reads it beside the page's own scripts, which can therefore not put other words in its place.
    """
    frames = shown.tab.frames
    if len(frames) > MOST_FRAMES:
        shown.remarks.append(f"the page has {len(frames)} frames; its text is that of the first {MOST_FRAMES}")
    texts = [await _text_of(frame) for frame in frames[:MOST_FRAMES]]
    return "\n\n".join(text for text in texts if text.strip()).encode("utf-8", "replace")


async def _text_of(frame: Frame) -> str:
    if frame.parent_frame is not None:
        try:
            if not await (await frame.frame_element()).is_visible():
                return ""
            return await frame.locator(":root").inner_text()
        except PlaywrightError:
            return ""  # the frame has gone meanwhile, and its text with it
    return await frame.locator(":root").inner_text()


async def _viewport(shown: _Shown) -> bytes:
    return await _picture(shown, {"format": "png", "optimizeForSpeed": True})


async def _thumbnail(shown: _Shown) -> bytes:
    clip = {
        "x": 0,
        "y": 0,
        "width": VIEWPORT_WIDTH,
        "height": VIEWPORT_HEIGHT,
        "scale": THUMBNAIL_WIDTH / VIEWPORT_WIDTH,
    }
    return await _picture(shown, {"format": "jpeg", "quality": THUMBNAIL_QUALITY, "clip": clip})


async def _screenshot(shown: _Shown) -> bytes:
    """The whole page. The fast coding of PNG takes a third of the usual one's time, and loses nothing either."""
    size = (await shown.session.send("Page.getLayoutMetrics"))["cssContentSize"]
    height = int(size["height"]) or VIEWPORT_HEIGHT
    if height > MOST_PICTURE_PIXELS:
        shown.remarks.append(
            f"the page is {height} pixels high; the screenshot shows the first {MOST_PICTURE_PIXELS}"
        )
    clip = {
        "x": 0,
        "y": 0,
        "width": min(max(int(size["width"]), VIEWPORT_WIDTH), MOST_PICTURE_PIXELS),
        "height": min(max(height, VIEWPORT_HEIGHT), MOST_PICTURE_PIXELS),
        "scale": 1,
    }
    how = {"format": "png", "clip": clip, "captureBeyondViewport": True, "optimizeForSpeed": True}
    return await _picture(shown, how)


async def _picture(shown: _Shown, how: dict[str, Any]) -> bytes:
    return base64.b64decode((await shown.session.send("Page.captureScreenshot", how))["data"])


async def _mhtml(shown: _Shown) -> bytes:
    """The page with what it shows in one file (RFC 2557), as the browser holds it; without scripts."""
    taken = await shown.session.send("Page.captureSnapshot", {"format": "mhtml"})
    return str(taken["data"]).encode("utf-8", "replace")


async def _pdf(shown: _Shown) -> bytes:
    """The page as it would be printed on A4, with its colours."""
    width, height = A4_INCHES
    how = {
        "printBackground": True,
        "paperWidth": width,
        "paperHeight": height,
        "transferMode": "ReturnAsStream",
    }
    stream = (await shown.session.send("Page.printToPDF", how))["stream"]
    content = bytearray()
    while True:
        piece = await shown.session.send("IO.read", {"handle": stream, "size": PIECE_BYTES})
        content += base64.b64decode(piece["data"]) if piece.get("base64Encoded") else piece["data"].encode()
        if piece["eof"] or len(content) > shown.most_bytes:
            break
    await shown.session.send("IO.close", {"handle": stream})
    return bytes(content)


_MAKERS: Final[Mapping[RenderingKind, tuple[str, str, Callable[[_Shown], Awaitable[bytes]]]]] = {
    RenderingKind.TEXT: ("text", "text/plain; charset=utf-8", _text),
    RenderingKind.VIEW: ("screenshot of the viewport", "image/png", _viewport),
    RenderingKind.THUMBNAIL: ("thumbnail", "image/jpeg", _thumbnail),
    RenderingKind.FULL_PAGE: ("screenshot", "image/png", _screenshot),
    RenderingKind.MHTML: ("MHTML file", "multipart/related", _mhtml),
    RenderingKind.PDF: ("PDF", "application/pdf", _pdf),
}
"""How each is called in sentences, its media type, and what makes it."""
