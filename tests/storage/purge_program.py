"""Carries out purges in processes that kill themselves after one step that changed something, for a test.

``python -m tests.storage.purge_program`` with the settings in the environment; for each line that it reads it
forks a process, which is killed right after its first change of a store or of the database, and writes how that
ended.
"""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import event

from pipeline.config.archive_factory import open_archive, open_removers
from pipeline.config.settings import load_settings
from storage.archive import Archive
from storage.integrity.purge import tend_purges
from storage.objects.version_remover import VersionRemover

CHANGING = ("INSERT", "UPDATE", "DELETE")


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(archive: Archive, removers: Mapping[str, VersionRemover]) -> None:
    """Every purge, until something has changed."""
    changed: list[str] = []

    def after_statement(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if statement.lstrip().startswith(CHANGING) and cursor.rowcount > 0:
            changed.append(statement)

    def commit(connection: Any) -> None:
        connection.commit()
        if changed:
            die()

    def after_call(http_response: Any, model: Any, **_: object) -> None:
        if model.name in ("PutObject", "DeleteObject", "PutObjectRetention") and http_response.status_code < 300:
            die()

    for store in (archive.objects, archive.replica, *removers.values()):
        if store is not None:
            store._client.meta.events.register("after-call.s3", after_call)
    event.listen(archive.writer, "after_cursor_execute", after_statement)
    archive.writer.dialect.do_commit = commit  # type: ignore[assignment]  # dies with what was committed
    done = tend_purges(archive, removers, actor="killed")
    os._exit(0 if all(each.is_done for each in done) else 3)


def main() -> None:
    """Read lines, and answer each with the exit status of one process; nothing is connected before it forks."""
    settings = load_settings(dotenv=Path("/nonexistent"))
    archive, removers = open_archive(settings), open_removers(settings)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                run(archive, removers)
            finally:
                os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
