"""The marks by which an element says that no reader sees it: classes that only ever mean this, and its own style.

In: an element. Out: what its ``style`` declares, and whether class or style hide it. Style sheets are read by
`processors.markup.style_rules`. Pure and bounded.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from lxml import html

from processors.markup.style_rules import declarations_in

Styles: TypeAlias = Mapping[str, tuple[str, bool]]
"""Values of properties, and whether they are important."""

_VISUALLY_HIDDEN: Final = frozenset(
    (
        "sr-only", "sr-only-focusable", "visually-hidden", "visually-hidden-focusable", "visuallyhidden",
        "visually_hidden", "is-visually-hidden", "u-visually-hidden", "u-hidden-visually", "u-hiddenvisually",
        "hidden-visually", "hiddenvisually", "screen-reader-text", "screen-reader-only", "screen-reader",
        "screenreader", "screenreader-only", "show-for-sr", "sr-text", "element-invisible", "a11y-hidden",
        "accessibly-hidden", "assistive-text", "assistivetext", "clip-hidden", "offscreen",
    )
)  # fmt: skip
"""Of Bootstrap, WordPress, Drupal, Foundation, HTML5 Boilerplate, Primer and others (read 2026-11-29)."""
_NOT_SHOWN: Final = frozenset(("hidden", "d-none", "hide", "invisible", "is-hidden", "u-hidden"))
"""Of Tailwind, Bootstrap 2 to 5, Foundation, Bulma."""
_SHOWN_SOMEWHERE: Final = re.compile(
    r"^(?:(?:xs|sm|md|lg|xl|2xl|xxl|print|screen|tablet|desktop|mobile|dark|group-hover|hover|focus|peer-[\w-]+)"
    r":.*|d-(?:xs|sm|md|lg|xl|xxl|print)-.*|visible(?:-.*)?|show-for-(?!sr).*|print-.*|js-.*|toggle.*)$"
)
_CROSSED_OUT: Final = frozenset(
    ("line-through", "text-decoration-line-through", "strikethrough", "strike-through", "text-strike")
)
"""Classes that cross out: of Tailwind, Bootstrap and editors."""
_STYLE_TELLS: Final = re.compile(
    r"none|hidden|collapse|line-through|clip|opacity|font-size\s*:\s*0|text-indent\s*:\s*-|-\d{3,}|transparent",
    re.IGNORECASE,
)
_FAR_OUTSIDE: Final = re.compile(r"^-\s*(?:\d{4,}|[5-9]\d\d)(?:\.\d+)?(?:px|em|rem)?$")
CLIPPED: Final = re.compile(
    r"^(?:rect\(\s*(?:0|1px)\D+(?:0|1px)\D+(?:0|1px)\D+(?:0|1px)\s*\)|inset\(\s*(?:50|100)%.*)$"
)
_NOTHING: Final = re.compile(r"^0+(?:\.0+)?(?:px|em|rem|%|pt)?$")

_INLINE: Final = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "kbd",
        "label",
        "mark",
        "q",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
    ]
)


def own_styles(element: html.HtmlElement) -> Styles:
    """What the element's own style declares, if any of it can hide or cross out."""
    style = (element.get("style") or "")[:4_000]
    return declarations_in(style) if _STYLE_TELLS.search(style) else {}


def is_hidden_by_class(element: html.HtmlElement) -> bool:
    """Whether a class hides the element everywhere; ``d-none d-md-block`` shows it on wide screens."""
    names = [name.lower() for name in (element.get("class") or "").split()]
    if any(name in _VISUALLY_HIDDEN for name in names):
        return True
    return any(name in _NOT_SHOWN for name in names) and not any(map(_SHOWN_SOMEWHERE.match, names))


def is_out_of_sight(element: html.HtmlElement, styles: Styles) -> bool:
    """Whether the element's own style puts it far outside, or gives its letters no size or colour."""
    if not styles:
        return False
    value = {name: stated for name, (stated, _) in styles.items()}
    if value.get("position") in ("absolute", "fixed") and any(
        _FAR_OUTSIDE.match(value.get(side, "")) for side in ("left", "top", "right", "bottom")
    ):
        return True
    if _FAR_OUTSIDE.match(value.get("text-indent", "")):
        return True
    alone = element.tag in _INLINE and not len(element)
    return alone and (
        _NOTHING.match(value.get("font-size", "")) is not None
        or _NOTHING.match(value.get("opacity", "")) is not None
        or value.get("color") == "transparent"
        or (
            value.get("overflow") == "hidden"
            and any(_NOTHING.match(value.get(e, "")) for e in ("width", "height"))
        )
    )


def is_crossed_out_by_class(element: html.HtmlElement) -> bool:
    """Whether a class crosses out the element's text."""
    return not _CROSSED_OUT.isdisjoint((element.get("class") or "").split())
