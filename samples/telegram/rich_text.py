"""The text of a post as Telegram's preview marks it up, from the short notation of the content files.

``**bold**``, ``[label](address)``, ``||spoiler||``, `` `code` ``, ``> quote`` at the start of a line, bare
addresses, ``#hashtags``, ``@names`` and emoji.
"""

import re

from markupsafe import Markup, escape

EMOJI = "👋👍❤🔥😢🙏👀📚"
PIECES = re.compile(
    r"\*\*(?P<bold>.+?)\*\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>[^)]+)\)"
    r"|\|\|(?P<spoiler>.+?)\|\|"
    r"|`(?P<code>[^`]+)`"
    r"|(?P<url>https?://[^\s]+)"
    r"|#(?P<tag>\w+)"
    r"|@(?P<name>\w+)"
    rf"|(?P<emoji>[{EMOJI}])"
)


def emoji(character: str) -> Markup:
    """An emoji as the page draws it: an image with the character inside."""
    code = character.encode().hex().upper()
    return Markup(
        '<i class="emoji" style="background-image:url(\'//telegram.org/img/emoji/40/{}.png\')"><b>{}</b></i>'
    ).format(code, character)


def plain(text: str) -> Markup:
    """Escaped as Telegram does it, the exclamation mark included; a line end is a ``<br/>``."""
    return escape(text).replace("!", Markup("&#33;")).replace("\n", Markup("<br/>"))


def marked(match: re.Match[str]) -> Markup:
    """One piece of notation as markup."""
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    if "bold" in found:
        return Markup("<b>{}</b>").format(plain(found["bold"]))
    if "spoiler" in found:
        return Markup("<tg-spoiler>{}</tg-spoiler>").format(plain(found["spoiler"]))
    if "code" in found:
        return Markup("<code>{}</code>").format(plain(found["code"]))
    if "label" in found:
        ask = Markup(" onclick=\"return confirm('Open this link?\\n\\n'+this.href);\"")
        return Markup('<a href="{}" target="_blank" rel="noopener"{}>{}</a>').format(
            found["target"], ask, plain(found["label"])
        )
    if "url" in found:
        return Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(found["url"])
    if "tag" in found:
        return Markup('<a href="?q=%23{0}">#{0}</a>').format(found["tag"])
    if "name" in found:
        return Markup('<a href="https://t.me/{0}" target="_blank">@{0}</a>').format(found["name"])
    return emoji(found["emoji"])


def line_markup(line: str) -> Markup:
    """One line of text as markup."""
    out, done = Markup(""), 0
    for match in PIECES.finditer(line):
        out += plain(line[done : match.start()]) + marked(match)
        done = match.end()
    return out + plain(line[done:])


def rich_text(text: str) -> Markup:
    """The whole text as markup."""
    out = Markup("")
    for number, line in enumerate(text.split("\n")):
        if line.startswith("> "):
            out += Markup("<blockquote>{}</blockquote>").format(line_markup(line[2:]))
            continue
        before = out.endswith("</blockquote>") or number == 0
        out += line_markup(line) if before else Markup("<br/>") + line_markup(line)
    return out
