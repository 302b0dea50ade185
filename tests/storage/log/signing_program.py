"""A process that signs the next checkpoint and kills itself at a step, for a test.

``python -m tests.storage.log.signing_program KEY STEP`` with the settings in the environment; an empty STEP kills
nothing.
"""

import os
import signal
import sys
from pathlib import Path

from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import load_settings
from storage.log.key_file import SigningState, read_signing_key
from storage.log.signing import LogSigner, sign_next_checkpoint


def main() -> None:
    path, last = Path(sys.argv[1]), sys.argv[2]

    def kill_at(step: str) -> None:
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    archive = open_archive(load_settings(dotenv=Path("/nonexistent")))
    signer = LogSigner(read_signing_key(path), SigningState.beside(path))
    sign_next_checkpoint(archive, signer, actor="tester", on_step=kill_at)


if __name__ == "__main__":
    main()
