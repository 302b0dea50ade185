"""The media of one Telegram message: which elements are attachments, and what the preview says of each.

Class names are those of the web preview of 2020 to 2026. The preview never gives the file of a document, and
withholds big videos: then ``url`` is None and ``extra`` or the title says what there is.
"""

from lxml import html

from processors.markup.html_tree import attribute, classes, elements, style_url, visible_text
from processors.records.telegram_post import Medium, MediumKind
from processors.urls import absolute, host_of

PREFIX = "tgme_widget_message_"
# the element that stands for the attachment -> its kind; inner elements are read from there
ATTACHMENTS: dict[str, MediumKind] = {
    f"{PREFIX}photo_wrap": "photo",
    f"{PREFIX}video_player": "video",
    f"{PREFIX}roundvideo_player": "round_video",
    f"{PREFIX}voice_player": "voice",
    f"{PREFIX}audio_player": "audio",
    f"{PREFIX}document_wrap": "document",
    f"{PREFIX}sticker_wrap": "sticker",
    f"{PREFIX}tgsticker_wrap": "sticker",
    f"{PREFIX}videosticker": "sticker",
    f"{PREFIX}location_wrap": "location",
    f"{PREFIX}venue_wrap": "location",
    f"{PREFIX}contact_wrap": "contact",
    f"{PREFIX}contact": "contact",
}
_SOURCES = ("data-webp", "src", "srcset", "data-ogg")
_PREVIEW_HOSTS = ("t.me", "telegram.me", "telegram.dog")


def attachment_kind(element: html.HtmlElement) -> MediumKind | None:
    """The kind of attachment this element stands for, None for all others."""
    for name in classes(element):
        kind = ATTACHMENTS.get(name)
        if kind is not None:
            return kind
    return None


def read_medium(element: html.HtmlElement, kind: MediumKind, base: str) -> Medium:
    """One attachment; ``base`` is the page's URL."""
    duration = _duration_s(_text_of(element, "duration"))
    if kind == "photo":
        return Medium(kind=kind, url=_link(base, style_url(element) or _image(element)))
    if kind in ("location", "contact"):
        return Medium(
            kind=kind,
            url=_link(base, element.get("href")),
            thumb_url=_link(base, _thumb(element)) if kind == "location" else None,
            title=_text_of(element, "title") or _text_of(element, "name"),
            extra=_text_of(element, "address") or _text_of(element, "phone"),
        )
    if kind == "document":
        # music has the same box, told apart only by its icon
        music = any("audio" in classes(inner) for inner in elements(element))
        return Medium(
            kind="audio" if music else "document",
            url=_file_link(element, base),
            thumb_url=_link(base, _thumb(element)),
            duration_s=duration,
            title=_text_of(element, "title"),
            extra=_text_of(element, "extra"),
        )
    url = _link(base, _source(element)) or _offered_file(element, base)
    return Medium(
        kind=kind,
        url=url,
        thumb_url=_link(base, _thumb(element)),
        duration_s=duration,
        title=_text_of(element, "title"),
        extra=_text_of(element, "extra") or (None if url else _notice(element)),
    )


def _link(base: str, address: str | None) -> str | None:
    return absolute(base, address) if address else None


def _file_link(element: html.HtmlElement, base: str) -> str | None:
    """A document's box links back to the post; only an address elsewhere would be the file."""
    link = _link(base, element.get("href"))
    return None if link is None or host_of(link) in _PREVIEW_HOSTS else link


def _offered_file(element: html.HtmlElement, base: str) -> str | None:
    """Of a file that the page thinks no browser plays, "View in Telegram" may be the address (seen 2026-08)."""
    for inner in elements(element):
        if "message_media_view_in_telegram" in classes(inner):
            return _file_link(inner, base)
    return None


def _source(element: html.HtmlElement) -> str | None:
    """Where the file is: on the player's video, audio, sticker or source element, never on a fallback picture."""
    for inner in elements(element):
        if inner.tag == "img":
            continue
        for name in _SOURCES:
            address = attribute(inner, name)
            if address and not address.startswith("data:"):
                return address.split()[0] if name == "srcset" else address
    return None


def _image(element: html.HtmlElement) -> str | None:
    for inner in elements(element):
        if inner.tag == "img" and attribute(inner, "src"):
            return attribute(inner, "src")
        if inner is not element and style_url(inner):
            return style_url(inner)
    return None


def _thumb(element: html.HtmlElement) -> str | None:
    for inner in elements(element):
        address = style_url(inner)
        if address and not address.startswith("data:"):
            return address
    return None


def _text_of(element: html.HtmlElement, part: str) -> str | None:
    """Text of the first inner element whose class ends in ``_<part>`` (``_duration``, ``_title``, ``_extra``)."""
    for inner in elements(element):
        if any(name.endswith(f"_{part}") for name in classes(inner)):
            return visible_text(inner).replace("\n", " ") or None
    return None


def _notice(element: html.HtmlElement) -> str | None:
    for inner in elements(element):
        if "message_media_not_supported_label" in classes(inner):
            return visible_text(inner) or None
    return None


def _duration_s(text: str | None) -> int | None:
    """``0:34`` and ``1:02:03`` in seconds."""
    if not text:
        return None
    parts = text.strip().split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds
