"""What another user of this machine does to the store without a key: every port, every socket, every call.

A script of the standard library, run with ``-I``; its one argument is a JSON object (``uid``, ``program``,
``bucket``, ``key``, ``version``, ``ports``, ``sockets``, ``master``). It gives up its rights first, then tries,
and prints one JSON object: what was answered where it should not have been.
"""

import encodings.idna  # noqa: F401 - looked for by name later, where the interpreter may lie out of reach
import http.client
import json
import os
import select
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import Any

NOTHING_ALLOWED = (400, 401, 403, 404, 405, 501)
"""What a port may answer without a key: that it does not."""

PAGE_ELSEWHERE = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
"""What Chromium sends along with the plain GET of a page from elsewhere."""

SHELL_SILENT_S = 3.0
"""SeaweedFS's shell tries for ever to reach a master that does not let it in."""


def calls(bucket: str, key: str, version: str) -> Iterator[tuple[str, str]]:
    """Method and target of what deletes, makes room to delete, or tells the way to it."""
    yield "GET", "/dir/status"
    yield "GET", "/vol/status"
    yield "GET", "/dir/assign?count=1"
    yield "GET", "/vol/grow?count=1"
    yield "GET", "/vol/vacuum?garbageThreshold=0.0001"
    yield "POST", "/submit"
    yield "GET", f"/buckets/{bucket}/?limit=10"
    for volume in range(1, 10):
        yield "DELETE", f"/{volume},01000000000000000000"
    yield "DELETE", f"/buckets/{bucket}/{key}?recursive=true&ignoreRecursiveError=true"
    yield "DELETE", f"/buckets/{bucket}?recursive=true"
    yield "DELETE", f"/{bucket}/{key}?versionId={version}"
    yield "DELETE", f"/{bucket}"
    yield "POST", f"/{bucket}?delete"
    yield "PUT", f"/{bucket}/{key}"
    yield "GET", f"/{bucket}/{key}?versionId={version}"
    yield "GET", f"/col/delete?collection={bucket}"


class OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def answered(connection: http.client.HTTPConnection, method: str, target: str) -> int | None:
    """The status of an answer that a stranger should not have had; None for a refusal or no answer."""
    try:
        connection.request(method, target, headers=PAGE_ELSEWHERE if method == "GET" else {})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return None if status in NOTHING_ALLOWED else status


def without_certificate(port: int) -> http.client.HTTPConnection:
    trusting = ssl._create_unverified_context()
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trusting)


def shell(program: int, master: str, collection: str, bucket: str) -> str:
    """What SeaweedFS's own shell says when it is asked to delete everything; ended after a few seconds."""
    read, write = os.pipe()
    asked, ask = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(asked, 0)
        for number in (1, 2):
            os.dup2(write, number)
        os.chdir("/")
        os.execve(program, ["weed", "shell", f"-master={master}"], {"HOME": "/nonexistent"})
    os.close(write)
    lines = f"volume.list\nlock\ncollection.delete -collection {collection} -force\nfs.rm -rf /buckets/{bucket}\n"
    os.write(ask, f"{lines}s3.bucket.delete -name {bucket}\nunlock\nexit\n".encode())
    said = b""
    while select.select([read], [], [], SHELL_SILENT_S)[0] and (piece := os.read(read, 65536)):
        said += piece
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said.decode(errors="replace")


def main(attack: dict[str, Any]) -> None:
    """Try everything; prints what was answered."""
    program = os.open(attack["program"], os.O_RDONLY)
    os.set_inheritable(program, True)
    if attack["uid"] is not None:
        os.setgroups([])
        os.setgid(attack["uid"])
        os.setuid(attack["uid"])
    wanted = list(calls(attack["bucket"], attack["key"], attack["version"]))
    found: list[str] = []
    for port in attack["ports"]:
        for method, target in wanted:
            status = answered(http.client.HTTPConnection("127.0.0.1", port, timeout=5), method, target)
            if status is not None:
                found.append(f"http {port}: {method} {target} -> {status}")
        for method, target in wanted[-4:]:
            status = answered(without_certificate(port), method, target)
            if status is not None:
                found.append(f"https {port}: {method} {target} -> {status}")
    for path in attack["sockets"]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
                opened.connect(path)
            found.append(f"socket {path}: connected")
        except OSError:
            continue
        for method, target in wanted:
            status = answered(OverSocket(path, timeout=5), method, target)
            if status is not None:
                found.append(f"socket {path}: {method} {target} -> {status}")
    said = shell(program, attack["master"], attack["bucket"], attack["bucket"])
    sys.stdout.write(json.dumps({"uid": os.getuid(), "answered": found, "shell": said}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
