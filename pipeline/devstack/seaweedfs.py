"""The embedded object store: SeaweedFS in one process, on loopback, with credentials; fit to try out and develop.

In: a folder of its own. Out: an S3 endpoint with keys. Guaranteed: only loopback listens, no usage reports are
sent, and nothing but the S3 port answers who has no key: HTTP and gRPC beside it ask for a client certificate made
at this start (`pipeline.devstack.store_certificates`), and Unix sockets are the owner's alone. `open_to_others`
looks whether that holds here. Whoever owns the folder can still delete its files: a production archive needs an
outside store (docs/limits.md, docs/decisions/0020-closed-store.md).
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pipeline.devstack.exposure import open_to_others, processes_started_with
from pipeline.devstack.ports import GRPC_OFFSET, RANGE, free_ports, is_free
from pipeline.devstack.store_certificates import new_certificates
from pipeline.devstack.store_identities import DAILY, IDENTITIES_FILE, PURGE, Keys, keys, write_identities
from pipeline.supervise.listeners import ForeignListener, own_listener
from pipeline.supervise.processes import ServiceError, SupervisedProcess, end_leftovers
from storage.private_folder import closed_folder

PORT_FLAGS: Final = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
    "admin.port.grpc",
)

START_S: Final = 60.0
"""Measured 0.6 to 0.9 s; the rest is for a machine under load."""

VOLUMES_S: Final = 20.0
"""A volume server that missed the master at its start reports 5 s later. There is no longer wait: a volume that
cannot be opened must not close those that can."""

ATTEMPTS: Final = 3
"""A port can be taken between the look and the use; then others are tried."""

SIGNING: Final = """\
[jwt.signing]
key = "{0}"
[jwt.signing.read]
key = "{1}"
[jwt.filer_signing]
key = "{2}"
[jwt.filer_signing.read]
key = "{3}"
"""

GROWTH: Final = """[master.volume_growth]
copy_1 = 1
"""
"""One volume at a time: by default each new bucket takes seven of a limited number, and with none left every
upload ends in InternalError (seen with the buckets of a whole test run)."""


FOR_TRYING_OUT_ONLY: Final = (
    "On this machine the embedded store is for trying out only: other users can reach it without a key. {} Put no "
    "evidence into it; use an external store with Object Lock (LETAPIS_S3_ENDPOINT, docs/settings.md)."
)
"""Shown in red with what `store_open_to_others` found."""


def store_open_to_others(folder: Path) -> tuple[str, ...]:
    """What a running store over this folder offers to who has no key, in sentences; none where none runs.

    Takes half a second.
    """
    try:
        ports: dict[str, int] = json.loads((folder / "config" / "ports.json").read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    pids = processes_started_with(f"-dir={folder.resolve() / 'objects'}")
    return open_to_others(pids, asks_for_a_key=[ports["s3.port"]])


class ObjectStoreServer:
    """SeaweedFS over one folder. ``port`` is S3's: a number, or None for the one used last or any free one."""

    def __init__(self, folder: Path, *, port: int | None = None, home: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.home = home or self.folder
        self._wanted_port = port or None
        self._ports: dict[str, int] = {}
        self._process: SupervisedProcess | None = None

    @property
    def endpoint(self) -> str:
        """Address of the S3 API; known once started."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    @property
    def ports(self) -> dict[str, int]:
        """Every loopback port it holds, by SeaweedFS's flag; known once started."""
        return dict(self._ports)

    @property
    def access_key(self) -> str:
        """Access key of daily work, which deletes nothing."""
        return keys(self._config, DAILY).access_key

    @property
    def secret_key(self) -> str:
        """Secret key of daily work."""
        return keys(self._config, DAILY).secret_key

    @property
    def purge_keys(self) -> Keys:
        """Credentials that may delete single versions, also under governance; nothing daily uses them."""
        return keys(self._config, PURGE)

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.alive

    def start(self) -> None:
        """Start and wait until S3 answers and finds what was stored before; raises `ServiceError`."""
        for part in (self.folder, self._config, self.folder / "objects"):
            closed_folder(part)
        if self.home == self.folder:
            end_leftovers(self.home)
        self._write_config()
        self._ports = self._remembered_ports()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start_at_its_ports()
            except ServiceError:
                self.stop()
                if attempt == ATTEMPTS or self._wanted_port:
                    raise
                self._ports = self._chosen_ports()
            else:
                self._write(self._config / "ports.json", json.dumps(self._ports))
                return

    def _start_at_its_ports(self) -> None:
        if in_the_way := self._remove_sockets():
            raise ServiceError(
                f"{in_the_way[0]}, which the object store needs, is another user's and cannot be removed."
            )
        self._process = self._new_process()
        self._start_process(self._process)

    def _start_process(self, process: SupervisedProcess) -> None:
        process.start()
        process.wait_until(self._answers, timeout_s=START_S)
        # S3 answers before the master knows the volumes; until then every read of them is an InternalError.
        until = time.monotonic() + VOLUMES_S
        while self._volumes_of_folder() - self._volumes_of_master() and time.monotonic() < until:
            time.sleep(0.2)

    def open_to_others(self) -> tuple[str, ...]:
        """What of it other users of this machine can use without a key, in sentences; none where all is closed."""
        return store_open_to_others(self.folder)

    def stop(self) -> None:
        """End the server; returns when no process is left."""
        if self._process is not None:
            self._process.stop()
            self._remove_sockets()

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._remove_sockets()

    def restart_if_dead(self) -> bool:
        """Start again, at the same address, a server that ended by itself; returns whether it had."""
        if self._process is None or self._process.alive:
            return False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start_process(self._process)
            except ServiceError:
                # while it was down, a connection of somebody else's may have been given one of its ports
                if attempt == ATTEMPTS or self._process.alive:
                    raise
                time.sleep(1)
            else:
                break
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _config(self) -> Path:
        return self.folder / "config"

    def _write_config(self) -> None:
        """Written at every start, so that the folder of an older version is closed, too; the S3 keys stay."""
        write_identities(self._config, self._write)
        signing = SIGNING.format(*(secrets.token_hex(32) for _ in range(4)))
        self._write(self._config / "security.toml", signing + new_certificates(self._config, self._write))
        self._write(self._config / "master.toml", GROWTH)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Whole or not at all, and for the owner alone."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)

    def _remembered_ports(self) -> dict[str, int]:
        try:
            ports: dict[str, int] = json.loads((self._config / "ports.json").read_text("utf-8"))
        except FileNotFoundError:
            return self._chosen_ports()
        wanted = self._wanted_port or ports["s3.port"]
        if ports["s3.port"] == wanted and all(map(is_free, ports.values())):
            return ports
        return self._chosen_ports()

    def _chosen_ports(self) -> dict[str, int]:
        if self._wanted_port and not is_free(self._wanted_port):
            raise ServiceError(f"Port {self._wanted_port} (LETAPIS_S3_PORT) is taken by another program.")
        below = range(RANGE.start, RANGE.stop - GRPC_OFFSET)
        admin = next(port for port in free_ports(50, within=below) if is_free(port + GRPC_OFFSET))
        fixed = {"admin.port": admin, "admin.port.grpc": admin + GRPC_OFFSET}
        if self._wanted_port:
            fixed["s3.port"] = self._wanted_port
        others = [flag for flag in PORT_FLAGS if flag not in fixed]
        return fixed | dict(zip(others, free_ports(len(others), besides=fixed.values()), strict=True))

    def _new_process(self) -> SupervisedProcess:
        program = Path(sys.executable).with_name("weed")
        if not program.exists():
            raise ServiceError(f"{program} is missing: run `make env`.")
        flags = {
            "dir": self.folder / "objects",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.telemetry": "false",
            "s3.config": self._config / IDENTITIES_FILE,
            "s3.allowDeleteBucketNotEmpty": "false",
            "s3.autoCreateBucket": "false",
            "s3.iam": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "webdav": "false",
            "admin.ui": "false",
            "disableHttp": "true",  # of master and filer; the volume server has no such flag
            "volume.max": 4096,  # by default as many as the free disk holds at full size: 70 where 70 GB are free
            "volume.preStopSeconds": 0,  # time for other nodes to notice; there are none
            **self._ports,
        }
        return SupervisedProcess(
            name="Object store (SeaweedFS)",
            command=[str(program), "mini", *(f"-{name}={value}" for name, value in flags.items())],
            home=self.home,
            log=self.folder / "seaweedfs.log",
            cwd=self._config,  # where security.toml is looked for
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._config)},
        )

    def _answers(self) -> bool:
        try:
            if not own_listener(self._ports["s3.port"], os.getpid()):
                return False
        except ForeignListener as foreign:
            # It could answer as a store does, and evidence would go to it.
            raise ServiceError(f"{foreign}: the object store cannot have it.") from foreign
        connection = HTTPConnection("127.0.0.1", self._ports["s3.port"], timeout=2)
        try:
            connection.request("GET", "/status")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _volumes_of_folder(self) -> set[int]:
        """Numbers of the volumes on disk, from names such as ``letapis-warcs_7.dat`` and ``7.dat``."""
        return {int(file.stem.rpartition("_")[2]) for file in (self.folder / "objects").glob("*[0-9].dat")}

    def _volumes_of_master(self) -> set[int]:
        """Numbers of the volumes that the master can find, from SeaweedFS's own shell: 0.6 s."""
        try:
            answer = subprocess.run(
                [
                    str(Path(sys.executable).with_name("weed")),
                    "shell",
                    f"-master=127.0.0.1:{self._ports['master.port']}.{self._ports['master.port.grpc']}",
                ],
                cwd=self._config,  # where security.toml and the certificate are looked for
                input="volume.list\nexit\n",
                capture_output=True,
                text=True,
                timeout=VOLUMES_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return set()
        return {int(number) for number in re.findall(r"volume Id:(\d+)", answer.stdout)}

    def _remove_sockets(self) -> list[Path]:
        """SeaweedFS leaves its sockets in the temporary folder when it is killed; returns those that stay."""
        in_the_way = []
        temporary = Path("/tmp")  # noqa: S108 - SeaweedFS's choice, and not to be changed by a flag
        for flag, port in self._ports.items():
            server, _, kind = flag.partition(".port")
            grpc = f"{server}-grpc" if kind else server
            name = temporary / f"seaweedfs-{grpc}-{port}.sock"
            try:
                name.unlink(missing_ok=True)
            except OSError:  # another user's: everybody may put files there
                in_the_way.append(name)
        return in_the_way
