"""A site of the benchmarks in a process of its own, so that its work is not counted with that of who asks it."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme


class SiteProcess:
    """Runs ``python -m MODULE ARGUMENT``, which prints its port when it listens and ends on SIGTERM."""

    def __init__(self, module: str, argument: str) -> None:
        self.port = 0
        self._command = [sys.executable, "-m", module, argument]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()


def write_certificate(authority: Path, leaf: Path, *names: str) -> None:
    """Write the certificate to trust, and key with certificate for these names."""
    made = trustme.CA()
    made.cert_pem.write_to_path(authority)
    made.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(leaf)
