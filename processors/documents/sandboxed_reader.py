"""Documents to tables, in a worker process that a hostile file may kill but not leave.

In: bytes of any kind. Out: `Document`, or None for what is no document. The worker starts when the first document
comes and ends with the block, or with the process that holds it. Raises ``DecoderUnavailable`` alone.
"""

import json
import shutil
import threading
from dataclasses import asdict, replace
from types import TracebackType
from typing import Self

from processors.documents.readers import unread
from processors.sandbox.process import SandboxDied, SandboxedProcess
from processors.tables.document import Document, DocumentLimits, document_from_json
from processors.tables.document_type import document_type

LONGEST_ANSWER_BYTES = 256 << 20
HEADER_BYTES = 2
LONGEST_HEADER = 500


class DocumentReader:
    """One worker, asked by any number of threads, one at a time; may also be used without a ``with`` block."""

    def __init__(self, limits: DocumentLimits | None = None) -> None:
        self.limits = limits or replace(DocumentLimits(), tesseract=shutil.which("tesseract"))
        self._worker: SandboxedProcess | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; the next document starts another."""
        with self._one_at_a_time:
            if self._worker is not None:
                self._worker.end()
                self._worker = None

    def read(self, content: bytes, content_type: str | None = None) -> Document | None:
        """What the document holds, with the reason in ``unread`` where it cannot be read."""
        media_type = document_type(content[: self.limits.content_bytes], content_type)
        if media_type is None:
            return None
        if len(content) > self.limits.content_bytes:
            return unread(media_type, f"too large: {len(content)} bytes, the limit is {self.limits.content_bytes}")
        declared_type = (content_type or "").encode("utf-8", "replace")[:LONGEST_HEADER]
        with self._one_at_a_time:
            try:
                if self._worker is None:
                    self._worker = self._started()
                answer = self._worker.ask(
                    len(declared_type).to_bytes(HEADER_BYTES, "big") + declared_type + content
                )
                return document_from_json(answer)
            except (SandboxDied, ValueError, TypeError, KeyError) as reason:
                if self._worker is not None:
                    self._worker.end()
                self._worker = None
                return unread(media_type, str(reason).replace("decoder", "reader").replace("decoding", "reading"))

    def _started(self) -> SandboxedProcess:
        limits = self.limits
        return SandboxedProcess(
            "processors.documents.reader_worker",
            json.dumps(asdict(limits)),
            limits.seconds,
            longest_answer_bytes=LONGEST_ANSWER_BYTES,
        )
