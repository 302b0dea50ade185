"""A process that deposits what lies in a spool folder and lets go of each file, to be killed by a test.

``python -m tests.storage.deposit_program SPOOL`` with the settings in the environment; says ``ready``, then
deposits.
"""

import sys
from pathlib import Path

from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import load_settings
from storage.deposit.deposit import deposit_file


def main() -> None:
    archive = open_archive(load_settings(dotenv=Path("/nonexistent")))
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    for path in sorted(Path(sys.argv[1]).rglob("*.warc.gz")):
        deposit_file(archive, path)
        path.unlink()


if __name__ == "__main__":
    main()
