"""A worker process that finds a file's content in an open file, since not all can be read from front to back.

The open file lies in memory and is the only one that the worker has; its number goes along as ``file`` in the
worker's one argument. What it is then given by `processors.sandbox.worker` is the content's length in bytes.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from processors.sandbox.process import LONGEST_ANSWER_BYTES, SandboxedProcess
from processors.sandbox.worker import LENGTH_BYTES


class ContentWorker(SandboxedProcess):
    """``parameters`` go to the worker as JSON; ``seconds`` is what one file may take."""

    def __init__(
        self,
        module: str,
        parameters: Mapping[str, Any],
        seconds: float,
        *,
        longest_answer_bytes: int = LONGEST_ANSWER_BYTES,
    ) -> None:
        self.file = os.memfd_create("content")
        super().__init__(
            module,
            json.dumps({**parameters, "file": self.file}),
            seconds,
            longest_answer_bytes=longest_answer_bytes,
            open_files=(self.file,),
        )

    def ask(self, content: bytes) -> bytes:
        """The answer for a file; raises ``SandboxDied``."""
        os.ftruncate(self.file, 0)
        rest, at = memoryview(content), 0
        while rest[at:]:
            at += os.pwrite(self.file, rest[at:], at)
        return super().ask(len(content).to_bytes(LENGTH_BYTES, "big"))

    def end(self) -> None:
        """Kill the process, let go of the content."""
        super().end()
        os.close(self.file)
