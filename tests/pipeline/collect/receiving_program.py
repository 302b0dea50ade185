"""A process that receives the files of a folder and removes each that the archive has, to be killed by a test.

``python -m tests.pipeline.collect.receiving_program FOLDER`` with the settings in the environment; says ``ready``
first.
"""

import sys
from pathlib import Path

from pipeline.collect.received_statement import BroughtFile, OriginStatement
from pipeline.collect.receiving import receive_file
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import load_settings
from storage.access_labels import Role, Viewer

STATED = OriginStatement("2026-11-20", "Сведка", "filmed on a phone")


def main() -> None:
    settings = load_settings(dotenv=Path("/nonexistent"))
    archive = open_archive(settings)
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    for path in sorted(Path(sys.argv[1]).iterdir()):
        with path.open("rb") as file:
            person = Viewer("ann", Role.COLLECTOR)
            receive_file(archive, settings, BroughtFile(file, path.name), STATED, person=person)
        path.unlink()


if __name__ == "__main__":
    main()
