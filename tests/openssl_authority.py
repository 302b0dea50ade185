"""A time-stamping authority of a test's own: `openssl ts` behind HTTP on loopback."""

import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509

CONFIGURATION = """
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
{chain}
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
ess_cert_id_alg = {named_by}
"""

EXTENSIONS = """
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
basicConstraints = critical, CA:FALSE
"""


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class TimeAuthorityOfOpenssl:
    """Root, signer and, while started, an address. ``answer`` may be replaced to answer wrongly."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        chain: bool = True,
        digests: str = "sha256",
        named_by: str = "sha256",
    ) -> None:
        self.folder = folder
        folder.mkdir()
        self._make_certificates(name)
        (folder / "serial").write_text("01")
        certificates = f"certs = {folder}/root.pem" if chain else ""
        told = CONFIGURATION.format(folder=folder, chain=certificates, digests=digests, named_by=named_by)
        (folder / "ts.cnf").write_text(told)
        self.roots = folder / "root.pem"
        self.answer: Callable[[bytes], bytes] = self.reply
        self.queries: list[bytes] = []
        self._one_at_a_time = threading.Lock()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/tsr"

    def reply(self, query: bytes) -> bytes:
        with self._one_at_a_time:  # the serial number is in a file
            (self.folder / "query").write_bytes(query)
            given = ("-config", "ts.cnf", "-queryfile", "query", "-out", "answer")
            openssl("ts", "-reply", *given, folder=self.folder)
            return (self.folder / "answer").read_bytes()

    def start(self) -> None:
        """Answer at the address, the same again after `stop`."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                authority.queries.append(query)
                answer = authority.answer(query)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be away: nothing listens."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def twin_of_signer(self, subject: str) -> Path:
        """Another certificate of the same key, by the same root, with the same serial number."""
        pem = (self.folder / "signer.pem").read_bytes()
        serial = str(x509.load_pem_x509_certificate(pem).serial_number)
        told = ("-subj", f"/CN={subject}", "-key", "signer.key", "-out", "twin.csr")
        openssl("req", "-new", "-utf8", *told, folder=self.folder)
        by_root = ("-CA", "root.pem", "-CAkey", "root.key", "-set_serial", serial, "-days", "30")
        given = ("-req", "-in", "twin.csr", "-extfile", "extensions", "-out", "twin.pem")
        openssl("x509", *given, *by_root, folder=self.folder)
        return self.folder / "twin.pem"

    def sign_unnamed(self, content: bytes) -> bytes:
        """An answer around this time info (DER) whose signature names no certificate by digest."""
        (self.folder / "content").write_bytes(content)
        what = ("-in", "content", "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-binary", "-nodetach")
        by = ("-signer", "signer.pem", "-inkey", "signer.key", "-certfile", "root.pem", "-nosmimecap")
        openssl("cms", "-sign", *what, *by, "-outform", "DER", "-out", "token", folder=self.folder)
        granted = b"\x30\x03\x02\x01\x00"
        body = granted + (self.folder / "token").read_bytes()
        return b"\x30\x82" + len(body).to_bytes(2, "big") + body

    def _make_certificates(self, name: str) -> None:
        (self.folder / "extensions").write_text(EXTENSIONS)
        key = ("-newkey", "rsa:2048", "-nodes")
        root = ("-x509", "-days", "30", "-subj", f"/CN={name} root")
        openssl("req", "-utf8", *root, *key, "-keyout", "root.key", "-out", "root.pem", folder=self.folder)
        signer = ("-subj", f"/CN={name} signer")
        openssl("req", "-utf8", *signer, *key, "-keyout", "signer.key", "-out", "signer.csr", folder=self.folder)
        by_root = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30")
        given = ("-req", "-in", "signer.csr", "-extfile", "extensions", "-out", "signer.pem")
        openssl("x509", *given, *by_root, folder=self.folder)
