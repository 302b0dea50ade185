"""One stack per data folder: the lock that says so, and the file that tells other shells how to reach it."""

import fcntl
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.config.demo_location import SITES
from pipeline.config.settings import Settings, process_started_at
from pipeline.supervise.processes import ServiceError
from storage.private_folder import closed_folder

LOCK_NAME: Final = "stack.lock"

OF_THIS_MACHINE: Final = frozenset({"data", "s3_port", "airflow_port", "replay_port"})
"""Settings that say how to start the services; who only reaches them needs them not."""

PRIVATE_FOLDERS: Final = ("airflow", "hashes", "keys", "replay", SITES, "spool", "store")
"""Folders of the data folder that are their owner's alone; an earlier version left some of them open."""


class StackAlreadyRuns(ServiceError):
    """Another stack holds the data folder; ``pid`` is its process. Stop it, or use another folder."""

    def __init__(self, data: Path, pid: int, since: str) -> None:
        super().__init__(
            f"A stack runs over {data} already (process {pid}, since {since}): stop it with Ctrl-C where it was "
            f"started or with `kill {pid}`, or set LETAPIS_DATA to another folder."
        )
        self.pid = pid


class DataFolderError(ServiceError):
    """Nothing can be kept in the data folder; make room for it, or name another."""

    def __init__(self, data: Path, found: str) -> None:
        super().__init__(
            f"The data folder {data}: expected a folder that can be written to, found {found}. Nothing was "
            "started; repair it, or set LETAPIS_DATA to another folder."
        )


def make_data_folder(data: Path) -> None:
    """Make the folder, for the owner alone; as root others may pass, since the database's account has to.

    Raises `DataFolderError` where nothing can be kept in it.
    """
    try:
        data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise DataFolderError(data, why_unusable(data) or str(problem.strerror)) from problem
    if found := why_unusable(data):
        raise DataFolderError(data, found)
    for name in PRIVATE_FOLDERS:
        if (data / name).is_dir():
            closed_folder(data / name)


def why_unusable(data: Path) -> str | None:
    """What keeps files out of the folder, or of the one it would be made in; None where nothing does."""
    folder = next(path for path in (data, *data.parents) if os.path.lexists(path))
    what = "it" if folder == data else f"{folder}, in which it would be made,"
    if not folder.is_dir():
        return "a file in its place" if folder == data else f"a file in the place of {folder}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as problem:
        return f"that {what} cannot be written to ({problem.strerror})"


class DataFolderLock:
    """Held from `take` to `release` or to the end of the process, whatever that is."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock; raises `StackAlreadyRuns`."""
        descriptor = os.open(self._data / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, since = os.read(descriptor, 200).decode().strip().partition(" ")
            os.close(descriptor)
            raise StackAlreadyRuns(self._data, int(pid or 0), since or "a moment ago") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_stack_file(settings: Settings) -> None:
    """Tell other shells how this process's stack is reached (`load_settings` reads it); for the owner alone."""
    values = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    content = {
        "process": {"pid": os.getpid(), "started_at": process_started_at(os.getpid())},
        "settings": {name: _plain(value) for name, value in values.items() if name not in OF_THIS_MACHINE},
    }
    draft = settings.stack_file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(settings.stack_file)


def remove_stack_file(settings: Settings) -> None:
    """Say that no stack runs."""
    settings.stack_file.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def access_lines(settings: Settings, passwords: Mapping[str, str]) -> tuple[str, ...]:
    """What a person needs to use the running stack, line by line."""
    airflow = settings.airflow()
    return (
        f"Airflow     {airflow.url}",
        f"Archive     {airflow.url}/plugin/archive",
        f"Replay      {settings.replay_url or 'off: see `letapis doctor`'}",
        *(f"Log in as   {user} / {password}" for user, password in passwords.items()),
        f"Store       {settings.s3_endpoint} (bucket {settings.s3_bucket})",
        f"Data        {settings.data}",
    )


def access_json(settings: Settings, passwords: Mapping[str, str]) -> dict[str, Any]:
    """The same for programs: keys of `letapis up --json`."""
    return {
        "kind": "stack",
        "airflow_url": settings.airflow_url,
        "replay_url": settings.replay_url,
        "passwords": dict(passwords),
        "s3_endpoint": settings.s3_endpoint,
        "s3_bucket": settings.s3_bucket,
        "data": str(settings.data),
    }
