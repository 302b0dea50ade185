"""Somebody between us and the store, on loopback, who changes what passes; all else reaches the real store."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = ("connection", "transfer-encoding", "keep-alive")


class Tampering:
    """What to change of objects below ``warc/``; everything is let through until a field says otherwise."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.sent_body = False
        """Turn a bit of what we store."""
        self.told_checksum: str | None = None
        """The checksum (base64) that the store is made to tell; empty: none at all."""
        self.read_body = False
        """Turn a bit of what we read back."""


@contextmanager
def between(endpoint: str) -> Iterator[Tampering]:
    """The one between us and the store at ``endpoint``; its own address is ``Tampering.endpoint``."""
    tampering, store = Tampering(), urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            ours = "/warc/" in self.path
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if ours and tampering.sent_body and self.command == "PUT":
                body = turned(body)
            onward = HTTPConnection(store)
            # every header as it came, the host included: all of them are signed
            onward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    onward.putheader(name, value)
            onward.endheaders(body)
            answer = onward.getresponse()
            content = answer.read()
            if ours and tampering.read_body and self.command == "GET":
                content = turned(content)
            self.send_response(answer.status)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            for name, value in answer.getheaders():
                told = value
                if ours and name.lower() == "x-amz-checksum-sha256" and tampering.told_checksum is not None:
                    told = tampering.told_checksum
                if told and name.lower() not in (*HOP, "content-length"):
                    self.send_header(name, told)
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(content)
            onward.close()

        do_GET = do_PUT = do_HEAD = handle_any  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tampering.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield tampering
    finally:
        server.shutdown()
        server.server_close()


def turned(content: bytes) -> bytes:
    """The same with one bit turned in the middle."""
    changed = bytearray(content)
    if changed:
        changed[len(changed) // 2] ^= 1
    return bytes(changed)
