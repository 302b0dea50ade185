"""damaged.pryklad.example: an article with one good picture and several that no decoder should swallow."""

from samples.media import broken
from samples.media.files import media_file
from samples.messages import Request, Response, content, html, not_found

HOST = "damaged.pryklad.example"
PICTURES = ("good.jpg", "cut.jpg", "bomb.png", "text.jpg")


def feed(host: str) -> str:
    """A feed with the one article of the host of damaged pictures."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Damaged</title>'
        f"<link>https://{host}/</link><description>-</description><item><title>Пашкоджаныя здымкі</title>"
        f"<link>https://{host}/artykul/</link><pubDate>Mon, 02 Nov 2026 10:00:00 +0300</pubDate></item>"
        "</channel></rss>"
    )


def article() -> str:
    """The article around the pictures."""
    sentence = (
        "Рэдакцыя атрымала здымкі, якія адкрываюцца не ва ўсіх праграмах, і друкуе іх у тым выглядзе, "
        "у якім яны прыйшлі."
    )
    pictures = "".join(
        f'<figure><img src="/{name}" alt=""><figcaption>{name}</figcaption></figure>' for name in PICTURES
    )
    return (
        '<html lang="be"><head><title>Пашкоджаныя здымкі</title><meta property="og:type" content="article">'
        '<meta property="article:published_time" content="2026-11-02T10:00:00+03:00"></head><body><article>'
        f"<h1>Пашкоджаныя здымкі</h1><p>{sentence}</p>{pictures}<p>{sentence}</p></article></body></html>"
    )


def answer(request: Request) -> Response:
    """A page with one good picture and several bad ones, and the pictures."""
    match request.path:
        case "/good.jpg":
            return content(media_file("park/w640/q75").content, "image/jpeg")
        case "/cut.jpg":
            return content(broken.cut_jpeg(), "image/jpeg")
        case "/bomb.png":
            return content(broken.bomb_png(), "image/png")
        case "/text.jpg":
            return content(b"<html><body>Not a picture at all.</body></html>", "image/jpeg")
        case "/bomb.html":
            zipped = (("Content-Encoding", "gzip"),)
            return Response(body=broken.bomb_gzip(), headers=zipped)
        case "/feed.xml":
            return content(feed(request.host).encode(), "application/rss+xml")
        case "/" | "/artykul/":
            return html(article())
    return not_found(request)
