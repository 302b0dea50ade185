"""The signatures of a growing file, kept beside it from its first record on.

Comes in: the length and the sha256 of a file whenever records were added. Goes out: ``<file>.signatures``, a line
for each signature. A thread signs the newest state, then rests: however fast records come, signing costs a small
part of the time, and a crawl that is killed leaves at most `REST_S` of its records unsigned. The last signature
says that the file is closed. Room for it is taken in advance, so that a disk that fills up does not cost it; where
the journal cannot be written at all, the file is kept all the same and stands without signatures.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from processors.digest import Digest
from storage.signing import CrawlKey, FileState, Signature

SUFFIX: Final = ".signatures"
REST_S: Final = 0.02
"""Between two signatures: one takes about 0.1 ms, and fifty a second cost less than one percent of the time."""

ROOM_BYTES: Final = 16 << 10
LONGEST_LINE_BYTES: Final = 256


class Signer:
    """Signs the files of one crawl, in a thread of its own that lives until it is closed."""

    def __init__(self, key: CrawlKey, crawl_id: str) -> None:
        self.crawl_id = crawl_id
        self.key = key
        self._journals: set[SignatureJournal] = set()
        self._grown = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signer", daemon=True)
        self._thread.start()

    def begin(self, journal: "SignatureJournal") -> None:
        """Sign what this file comes to hold from now on."""
        self._journals.add(journal)

    def end(self, journal: "SignatureJournal") -> None:
        """Leave this file alone from now on."""
        self._journals.discard(journal)

    def wake(self) -> None:
        """A file has grown."""
        if not self._grown.is_set():
            self._grown.set()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._grown.set()
        self._thread.join()

    def _run(self) -> None:
        while self._grown.wait() and not self._ended.is_set():
            self._grown.clear()
            for journal in tuple(self._journals):
                journal.sign_newest()
            self._ended.wait(REST_S)


class SignatureJournal:
    """The signatures of one file, beside it."""

    def __init__(self, warc: Path, signer: Signer) -> None:
        self._path = path_of_signatures(warc)
        self._name = warc.name
        self._signer = signer
        self._writing = threading.Lock()
        self._newest: tuple[int, Digest] | None = None
        self._end = self._room = 0
        self._descriptor: int | None = None
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
            signer.begin(self)

    def on_growth(self, length_bytes: int, sha256: Digest) -> None:
        """The file has grown to this; its beginning is signed at once, the rest soon, unless it has grown then."""
        self._newest = length_bytes, sha256
        if self._end == 0:
            self.sign_newest()
        else:
            self._signer.wake()

    def sign_newest(self) -> None:
        """Sign what the file holds now; called by the signer's thread."""
        with self._writing:
            newest, self._newest = self._newest, None
            if newest is not None:
                self._write(*newest, closed=False)

    def close(self, length_bytes: int, sha256: Digest) -> None:
        """Sign the whole file, durably; to be called before it gets its final name."""
        self._signer.end(self)
        with self._writing:
            self._newest = None
            self._write(length_bytes, sha256, closed=True)
            if self._descriptor is not None:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._end)
                    os.fsync(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None

    def _write(self, length_bytes: int, sha256: Digest, *, closed: bool) -> None:
        if self._descriptor is None or not self._has_room(closing=closed):
            return
        state = FileState(self._signer.crawl_id, self._name, length_bytes, sha256, closed)
        line = _line(self._signer.key.sign(state))
        with suppress(OSError):  # what is not written is not signed, and said to be so
            os.pwrite(self._descriptor, line, self._end)
            self._end += len(line)

    def _has_room(self, *, closing: bool) -> bool:
        """Whether a line fits into room that was taken in advance; the last such place is the closing one's."""
        lines = 1 if closing else 2
        if self._end + lines * LONGEST_LINE_BYTES > self._room and self._descriptor is not None:
            with suppress(OSError):
                os.posix_fallocate(self._descriptor, self._room, ROOM_BYTES)
                self._room += ROOM_BYTES
        return self._end + lines * LONGEST_LINE_BYTES <= self._room


def signatures_beside(warc: Path, crawl_id: str) -> tuple[Signature, ...]:
    """What stands in the journal of a file, in the order of writing, none of it checked.

    ``warc`` is the file's final name; what is torn, or no signature, ends the reading.
    """
    try:
        content = path_of_signatures(warc).read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(_read(content, crawl_id, warc.name))


def path_of_signatures(warc: Path) -> Path:
    """``x.warc.gz`` has its signatures in ``x.signatures``."""
    return warc.with_name(warc.name.removesuffix(".gz").removesuffix(".warc") + SUFFIX)


def _line(signature: Signature) -> bytes:
    state = signature.state
    ending = "closed" if state.closed else "open"
    return f"{state.length_bytes} {state.sha256.hex} {ending} {signature.value.hex()}\n".encode()


def _read(content: bytes, crawl_id: str, file_name: str) -> Iterator[Signature]:
    written = content.partition(b"\0")[0]  # behind it is room that was not used
    for line in written.splitlines():
        try:
            length, digits, ending, value = line.decode("ascii").split(" ")
            digest = Digest("sha256", bytes.fromhex(digits))
            state = FileState(crawl_id, file_name, int(length), digest, ending == "closed")
            yield Signature(state, bytes.fromhex(value))
        except ValueError:
            return
