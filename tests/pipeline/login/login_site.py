"""A site on loopback with a form to log in at, which logs every byte that it receives and sends."""

import gzip
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.crawlers.recorder.origin_server import Channel, Origin, answer

USER, PASSWORD = "rehearsal", "trial-password-4711"
FORM = """<!doctype html><title>Log in</title><form method=post action=/login>
<input name=user><input name=password type=password><button>Log in</button></form>"""
HOME = """<!doctype html><title>Notices</title><p>Only for readers of the notice board.</p>
<a id=logout href=/logout>Log out</a><img src=/picture.svg>
<script>
const device = "%s" + "%s";
localStorage.setItem("device", device);
fetch("/api/notices", {headers: {"Authorization": "Bearer " + device}});
</script>"""
OUTSIDE = "<!doctype html><title>Notices</title><p>Please log in to read the notices.</p><a href=/login>Log in</a>"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


def answered(status: str, body: str, *fields: str, packed: bool = False, media_type: str = "text/html") -> bytes:
    """The bytes of an answer; ``packed`` compresses the body."""
    content = gzip.compress(body.encode()) if packed else body.encode()
    coding = ("Content-Encoding: gzip",) if packed else ()
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {media_type}",
        *coding,
        *fields,
        f"Content-Length: {len(content)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass
class LoginSite:
    """``sessions`` are the cookies that are logged in now; ``device`` is what scripts keep in the browser."""

    origin: Origin
    sessions: set[str] = field(default_factory=set)
    device: str = field(default_factory=lambda: "dev1ce-" + secrets.token_hex(12))
    renewed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.origin.port}"

    def secrets(self) -> list[bytes]:
        return [each.encode() for each in (*self.sessions, *self.renewed, self.device, PASSWORD)]

    def log_out(self) -> None:
        self.sessions.clear()

    def knows(self, channel: Channel) -> bool:
        cookie = re.search(rb"(?im)^cookie:.*\bsession=([^;\s]+)", channel.served.request)
        return cookie is not None and cookie[1].decode() in self.sessions

    def login(self, channel: Channel) -> bool:
        body = channel.served.request.partition(b"\r\n\r\n")[2].decode()
        if channel.served.request.startswith(b"GET"):
            channel.send(answered("200 OK", FORM))
        elif body == f"user={USER}&password={PASSWORD}":
            session = secrets.token_urlsafe(24)
            self.sessions.add(session)
            cookie = f"Set-Cookie: session={session}; Path=/; HttpOnly"
            channel.send(answered("303 See Other", "", cookie, "Location: /notices"))
        else:
            channel.send(answered("200 OK", FORM))
        return True

    def notices(self, channel: Channel) -> bool:
        if not self.knows(channel):
            channel.send(answered("200 OK", OUTSIDE))
            return True
        visit = secrets.token_urlsafe(16)
        self.renewed.append(visit)
        page = HOME % (self.device[:9], self.device[9:])
        channel.send(answered("200 OK", page, f"Set-Cookie: visit={visit}; Path=/"))
        return True

    def board(self, channel: Channel) -> bool:
        """Leads to the notices, and out."""
        page = "<!doctype html><title>Board</title><p>The board.</p><a href=/end?do=log_out>Leave</a>"
        channel.send(answered("200 OK", f"{page}<a href=/notices>Notices</a><a id=logout href=/logout>Out</a>"))
        return True

    def end(self, channel: Channel) -> bool:
        """Whoever opens it is logged out."""
        self.log_out()
        channel.send(answered("200 OK", OUTSIDE))
        return True

    def api(self, channel: Channel) -> bool:
        channel.send(answered("200 OK", json.dumps({"notices": 3}), media_type="application/json", packed=True))
        return True

    def leak(self, channel: Channel) -> bool:
        """A page that repeats the session in its body, compressed."""
        cookie = re.search(rb"(?im)^cookie:.*\bsession=([^;\s]+)", channel.served.request)
        words = "nobody" if cookie is None else cookie[1].decode()
        page = f"<!doctype html><title>You</title><a id=logout>Log out</a><p>Your session is {words}.</p>"
        channel.send(answered("200 OK", page, packed=True))
        return True

    def late(self, channel: Channel) -> bool:
        """A page with a value that only later turns out to be a cookie."""
        value = secrets.token_urlsafe(18)
        self.renewed.append(value)
        page = f"""<!doctype html><title>Late</title><a id=logout>Log out</a><p data-key="{value}">Late.</p>
<script>setTimeout(() => {{
document.cookie = "late=" + document.querySelector("p").dataset.key; fetch("/api/notices") }}, 300)</script>"""
        channel.send(answered("200 OK", page))
        return True


@contextmanager
def login_site() -> Iterator[LoginSite]:
    """The site, until the block ends."""
    site = LoginSite(Origin())
    missing = answer(answered("404 Not Found", ""))
    site.origin.handlers |= {
        "/login": site.login,
        "/notices": site.notices,
        "/board": site.board,
        "/end": site.end,
        "/logout": site.end,
        "/leak": site.leak,
        "/late": site.late,
        "/api/notices": site.api,
        "/picture.svg": answer(answered("200 OK", PICTURE, media_type="image/svg+xml")),
        "/favicon.ico": missing,
        "/robots.txt": missing,
    }
    try:
        yield site
    finally:
        site.origin.close()
