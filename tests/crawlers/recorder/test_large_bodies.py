"""A body of any size passes with little memory; LETAPIS_LARGE_BODY_MB says how large (4096 was tried)."""

import base64
import gzip
import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from storage.warc.reader import WarcReader
from tests.crawlers.recorder.origin_server import Channel, Origin

pytestmark = pytest.mark.slow

LARGE_MB = int(os.environ.get("LETAPIS_LARGE_BODY_MB", "300"))
PIECE = hashlib.shake_256(b"a film").digest(1 << 20)
MOST_MEMORY_MB = 200

RECORDING = """
import json, sys
from pathlib import Path
from storage.spool.spool import Spool
from tests.crawlers.recorder.running_recorder import RunningRecorder
spool = Spool(Path(sys.argv[1]), "01JNKZ5V0000000000000000CR", {})
recorder = RunningRecorder(spool.folder, sink=spool, connect_to=(sys.argv[2],))
print(recorder.address.port, recorder.address.password, flush=True)
sys.stdin.readline()
recorder.close()
files = [str(file.path) for file in spool.close()]
# not getrusage, which counts what the parent held when it forked
[most_kb] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps({"files": files, "most_kb": most_kb}))
"""


class Recording:
    """A recorder in a process of its own, so that its memory can be told."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RECORDING, str(folder), f"::127.0.0.1:{origin.port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port, self.password = self._process.stdout.readline().split()
        self.port = int(port)

    def end(self) -> tuple[Path, float]:
        """The WARC file, and the most memory the process ever held, in MB."""
        said = json.loads(self._process.communicate("\n")[0])
        (file,) = said["files"]
        return Path(file), said["most_kb"] / 1024


def test_a_film_passes_with_less_than_200_megabytes_of_memory(tmp_path: Path) -> None:
    def film(channel: Channel) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % (LARGE_MB << 20)
        channel.sock.sendall(head)
        for _ in range(LARGE_MB):
            channel.sock.sendall(PIECE)
        return True

    origin = Origin()
    origin.handlers["/film"] = film
    recording = Recording(tmp_path, origin)
    received = watch(recording.port, recording.password, LARGE_MB << 20)
    file, most_mb = recording.end()
    origin.close()

    assert received == LARGE_MB << 20
    assert most_mb < MOST_MEMORY_MB
    sha256 = hashlib.sha256()
    with file.open("rb") as stream:
        reader = WarcReader(stream, "film")
        while (head := reader.next_record()) is not None and head.record_type != "response":
            reader.end_record()
        assert head is not None
        for piece in reader.block():
            sha256.update(piece)
    assert head.value("WARC-Block-Digest") == f"sha256:{sha256.hexdigest()}"
    expected = hashlib.sha256()
    for _ in range(LARGE_MB):
        expected.update(PIECE)
    assert head.value("WARC-Payload-Digest") == f"sha256:{expected.hexdigest()}"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "01JNKZ5V0000000000000000CR-00000.rows",
        "01JNKZ5V0000000000000000CR-00000.warc.gz",
        "lock",
    ]


UNFOLDED_MB = 64
MEMBERS = 64
"""Of a bomb of 4 GiB in 4 MB: gzip members one after the other are one stream (RFC 1952, section 2.2)."""


def test_a_bomb_passes_folded_as_it_is(tmp_path: Path) -> None:
    member = gzip.compress(bytes(UNFOLDED_MB << 20), mtime=0)
    bomb = member * MEMBERS

    def blow(channel: Channel) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        channel.sock.sendall(head + bomb)
        return True

    origin = Origin()
    origin.handlers["/film"] = blow
    recording = Recording(tmp_path, origin)
    assert watch(recording.port, recording.password, len(bomb)) == len(bomb)
    file, most_mb = recording.end()
    origin.close()

    assert most_mb < MOST_MEMORY_MB
    with file.open("rb") as stream:
        reader = WarcReader(stream, "bomb")
        while (head := reader.next_record()) is not None and head.record_type != "response":
            reader.end_record()
        assert head is not None
        assert b"".join(reader.block()).endswith(b"\r\n\r\n" + bomb)
    assert head.value("WARC-Payload-Digest") == f"sha256:{hashlib.sha256(bomb).hexdigest()}"


def watch(port: int, password: str, expected: int) -> int:
    """Ask for the film; gives the length of its body."""

    sock = socket.create_connection(("127.0.0.1", port))
    credentials = base64.b64encode(f"p:{password}".encode())
    sock.sendall(b"GET http://a.example/film HTTP/1.1\r\nProxy-Authorization: Basic %s\r\n\r\n" % credentials)
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1000)
    length = len(head.partition(b"\r\n\r\n")[2])
    buffer = bytearray(1 << 20)
    while length < expected:
        length += sock.recv_into(buffer)
    return length
