"""A PostgreSQL cluster on disk: make it once, and end a server of it that its parent could not end."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from pipeline.devstack.postgres_location import PostgresLocation
from pipeline.supervise.processes import ServiceError, is_alive, send

SECONDS_PER_STEP: Final = 10.0
"""Between fast shutdown, immediate shutdown and SIGKILL."""


def environment() -> dict[str, str]:
    """What PostgreSQL's programs see of the environment; LANG must not choose anything."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def make_cluster_once(place: PostgresLocation, *, superuser: str, password: str) -> None:
    """Run initdb unless the cluster is there; raises `ServiceError` with initdb's words."""
    if (place.cluster / "PG_VERSION").exists():
        return
    # Made aside and renamed, so that a cluster that is there is a complete one.
    draft = place.folder / "cluster.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = place.socket / "initdb-password"
    password_file.unlink(missing_ok=True)
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{password}\n")
    draft.mkdir(mode=0o700)
    account = place.account
    if account is not None:
        for path in (draft, password_file):
            os.chown(path, account.uid, account.gid)
    locale = ("--encoding=UTF8", "--locale-provider=libc", "--lc-collate=C", "--lc-ctype=C.UTF-8")
    access = (f"--username={superuser}", f"--pwfile={password_file}", "--auth=scram-sha-256")
    try:
        made = subprocess.run(
            [str(place.programs / "initdb"), f"--pgdata={draft}", "--no-instructions", *access, *locale],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=environment(),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            check=False,
        )
    finally:
        password_file.unlink()
    if made.returncode:
        raise ServiceError(f"initdb could not make {draft}:\n{made.stdout}")
    draft.rename(place.cluster)


def end_leftover_server(place: PostgresLocation) -> None:
    """End whatever still runs on this cluster after its parent and keeper were both killed.

    PostgreSQL's processes overwrite the mark of their stack with their titles, but all of them stand in the
    cluster's folder. Once none does, `postmaster.pid` is removed, since its number may by now be a stranger's or
    that of a corpse nobody collects (containers), and PostgreSQL would refuse to start.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + SECONDS_PER_STEP
        left = standing_in(place.cluster)
        for pid in left:
            send(pid, number)
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = standing_in(place.cluster)
        if not left:
            (place.cluster / "postmaster.pid").unlink(missing_ok=True)
            return
    raise ServiceError(f"{place.cluster} is held by processes that SIGKILL does not end: {left}.")


def standing_in(folder: Path) -> tuple[int, ...]:
    """Process ids of every living process whose working folder this is."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # gone in between, or another user's
            continue
    return tuple(pid for pid in found if is_alive(pid))
