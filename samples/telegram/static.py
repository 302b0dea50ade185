"""telegram.org: the style sheets, scripts and emoji that a channel page asks for, in short."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw

from samples.media.files import media_file
from samples.messages import Request, Response, content, not_found
from samples.pages import page

HOST = "telegram.org"
MAP_HOST = "static-maps.pryklad.example"
EMOJI = "/img/emoji/40/"


@lru_cache(maxsize=32)
def emoji_png(code: str) -> bytes:
    """A round face whose colour follows the emoji's code."""
    red, green, blue = (150 + int(code[at : at + 2], 16) % 100 for at in (0, len(code) // 2 & ~1, len(code) - 2))
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((1, 1, 38, 38), fill=(red, green, blue, 255))
    draw.arc((10, 12, 30, 30), 20, 160, fill=(40, 40, 40, 255), width=3)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def answer(request: Request) -> Response:
    """Style sheets for ``/css``, empty scripts for ``/js``, pictures for emoji."""
    path = request.path
    if path.startswith("/css/"):
        return content(page("telegram/style.css").encode(), "text/css")
    if path.startswith("/js/"):
        return content(b"", "application/javascript")
    code = path.removeprefix(EMOJI).removesuffix(".png")
    if path.startswith(EMOJI) and len(code) >= 4 and all(digit in "0123456789ABCDEF" for digit in code):
        return content(emoji_png(code), "image/png")
    return not_found(request)


def answer_map(request: Request) -> Response:
    """The map behind a location: a picture, whatever the place."""
    return content(media_file("lake/c20/w600/q70").content, "image/jpeg")
