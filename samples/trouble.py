"""Hosts that misbehave, one kind of trouble each: what a crawl must record, label and survive."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from samples import damaged
from samples.messages import Answer, Request, Response, Site, WireScript, html, not_found, redirect

TRICKLE_S = 0.5
PIECE = b"<p>" + b"again and again " * 255 + b"</p>\n"

Writer = asyncio.StreamWriter


def forbidden(request: Request) -> Response:
    """403 to everybody."""
    return html(
        "<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1></body></html>", status=403
    )


def challenge(request: Request) -> Response:
    """A check for humans: a script challenge with 403, and at /captcha a picture puzzle with 200."""
    if request.path == "/captcha":
        return html(
            "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>"
            "<h1>Please complete the security check to access this site</h1>"
            '<form id="challenge-form" action="/cdn-cgi/l/chk_captcha" method="get">'
            '<div class="h-captcha" data-sitekey="00000000-0000-0000-0000-000000000000"></div></form>'
            "<p>Why do I have to complete a CAPTCHA?</p></body></html>"
        )
    return html(
        '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
        '<meta name="robots" content="noindex,nofollow"></head><body>'
        "<noscript>Enable JavaScript and cookies to continue</noscript>"
        "<p>challenge.pryklad.example needs to review the security of your connection before proceeding.</p>"
        "<p>Checking if the site connection is secure</p>"
        '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?ray=8f0000000000"></script>'
        "</body></html>",
        status=403,
        headers=(("cf-mitigated", "challenge"), ("CF-RAY", "8f00000000000000-WAW")),
    )


def restricted(request: Request) -> Response:
    """451: withheld by order of an authority."""
    return html(
        '<html lang="ru"><head><title>Доступ ограничен</title></head><body><h1>Доступ к ресурсу ограничен</h1>'
        "<p>Доступ к информационному ресурсу ограничен на основании решения уполномоченного органа.</p>"
        "</body></html>",
        status=451,
    )


def limited(request: Request) -> Response:
    """429: too many requests."""
    page = "<html><head><title>Too Many Requests</title></head><body><h1>429</h1></body></html>"
    return html(page, status=429, headers=(("Retry-After", "1"),))


def empty(request: Request) -> Response:
    """200 and not one byte."""
    return Response()


def elsewhere(request: Request) -> Response:
    """Redirects to where a crawl must not go: the metadata address, loopback, a file, in a circle."""
    targets = {
        "/": "http://169.254.169.254/latest/meta-data/",
        "/loopback": "http://127.0.0.1:22/",
        "/private": "http://10.0.0.1/",
        "/file": "file:///etc/passwd",
        "/circle": f"{request.scheme}://{request.host}/circle",
    }
    target = targets.get(request.path)
    return redirect(target) if target is not None else not_found(request)


def plain_page(request: Request) -> Response:
    """A harmless page, for hosts whose trouble lies in their certificate."""
    page = "<h1>A page like any other</h1><p>Only its certificate is not what it should be.</p>"
    return html(f"<html><head><title>{request.host}</title></head><body>{page}</body></html>")


def script(play: Callable[[Writer, Request], Awaitable[None]]) -> Site:
    """The site that plays a script on the connection, whatever is asked."""

    def site(request: Request) -> WireScript:
        return WireScript(lambda writer: play(writer, request))

    return site


async def never_answer(writer: Writer, request: Request) -> None:
    """Takes the request and says nothing until the client gives up."""
    await asyncio.Event().wait()


async def trickle(writer: Writer, request: Request) -> None:
    """Headers at once, then a few bytes now and again, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body>")
    while True:
        writer.write(b"<p>.</p>\n")
        await writer.drain()
        await asyncio.sleep(TRICKLE_S)


async def endless(writer: Writer, request: Request) -> None:
    """As many bytes as the client takes; at /video.mp4 with a length announced that it will never reach."""
    if request.path == "/video.mp4":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 10995116277760\r\n\r\n"
        piece = bytes(65536)
    else:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        piece = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    writer.write(head)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)  # or the loop would never hear that the client is gone


async def garbage(writer: Writer, request: Request) -> None:
    """Bytes that are not HTTP; at /gzip a wrong content encoding, at /chunks wrong chunk lengths."""
    answers = {
        "/gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzip....",
        "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a length\r\n",
    }
    writer.write(
        answers.get(request.path, b"\x00\x01\x02\xfe\xff SSH-2.0-whatever\r\nthis is no HTTP\r\n\r\n" * 8)
    )
    await writer.drain()


async def cut(writer: Writer, request: Request) -> None:
    """Closes in the middle of the body, whose length was announced; at /chunked before the last chunk."""
    part = b"<html><body><p>The beginning of a page that does not end.</p>" + b"<p>more</p>" * 400
    if request.path == "/chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n" % (len(part), part))
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n" + part)
    await writer.drain()


async def reset(writer: Writer, request: Request) -> None:
    """Resets the connection instead of answering."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def with_robots(site: Site) -> Site:
    """The site with a robots.txt that allows everything, so that its trouble is met on its pages."""

    def both(request: Request) -> Answer:
        if request.path == "/robots.txt":
            return Response(body=b"User-agent: *\nAllow: /\n", content_type="text/plain")
        return site(request)

    return both


UNTRUSTED = "untrusted.pryklad.example"
MISNAMED = "misnamed.pryklad.example"

TROUBLES: dict[str, Site] = {
    "forbidden.pryklad.example": forbidden,
    "challenge.pryklad.example": challenge,
    "restricted.pryklad.example": restricted,
    "limited.pryklad.example": limited,
    "empty.pryklad.example": empty,
    "elsewhere.pryklad.example": elsewhere,
    damaged.HOST: damaged.answer,
    "silent.pryklad.example": script(never_answer),
    "slow.pryklad.example": script(trickle),
    "endless.pryklad.example": script(endless),
    "garbage.pryklad.example": script(garbage),
    "cut.pryklad.example": script(cut),
    "reset.pryklad.example": script(reset),
    UNTRUSTED: plain_page,
    MISNAMED: plain_page,
}

SITES = {host: with_robots(site) for host, site in TROUBLES.items()}
