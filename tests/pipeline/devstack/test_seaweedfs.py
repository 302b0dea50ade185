"""The embedded object store: locked, closed, and there again after a crash."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import pytest

from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.devstack.store_identities import Keys
from pipeline.supervise.processes import ServiceError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import ObjectLockModeType

pytestmark = pytest.mark.slow

SEEN = b"seen" * 20_000
"""More than SeaweedFS keeps beside the name of an object."""
STRANGER = Path(__file__).parents[1] / "unauthorized_access.py"
SIGNED = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")


def client_of(server: ObjectStoreServer, keys: Keys | None = None) -> "S3Client":
    used = keys or Keys(server.access_key, server.secret_key)
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=used.access_key,
        aws_secret_access_key=used.secret_key,
        region_name="us-east-1",
    )


def socket_inodes(pids: set[int]) -> set[str]:
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                name = str(descriptor.readlink())
            except FileNotFoundError:  # closed meanwhile
                continue
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
    return inodes


def listening_addresses(pids: set[int]) -> set[tuple[str, int]]:
    """Address, in the kernel's hexadecimal, and port of listening (0A) TCP sockets held by these processes."""
    inodes = socket_inodes(pids)
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                address, _, port = columns[1].partition(":")
                found.add((address, int(port, 16)))
    return found


def listening_ports(pids: set[int]) -> set[int]:
    return {port for _, port in listening_addresses(pids)}


def processes_naming(folder: Path) -> set[int]:
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if f"-dir={folder}/objects".encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    found.add(int(process.name))
            except OSError:
                continue
    return found


def test_only_loopback_listens(object_store_server: ObjectStoreServer) -> None:
    pids = processes_naming(object_store_server.folder)

    assert len(pids) == 2  # the keeper and SeaweedFS
    assert {address for address, _ in listening_addresses(pids)} == {"0100007F"}


def test_a_wrong_secret_is_refused(object_store_server: ObjectStoreServer) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=r"403|SignatureDoesNotMatch"):
        client_of(object_store_server, Keys(object_store_server.access_key, "wrong")).list_buckets()


def listening_sockets(pids: set[int]) -> list[str]:
    """Paths of the Unix sockets these processes listen at."""
    inodes = socket_inodes(pids)
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [
        columns[7] for columns in lines if len(columns) == 8 and columns[6] in inodes and columns[3] == "00010000"
    ]


@dataclass(frozen=True)
class Evidence:
    """A locked object, and what becomes of it."""

    server: ObjectStoreServer
    bucket: str
    version_id: str

    def stands(self) -> bool:
        try:
            answer = client_of(self.server).get_object(
                Bucket=self.bucket, Key="evidence", VersionId=self.version_id
            )
            return answer["Body"].read() == SEEN
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
            return False


def locked_evidence(server: ObjectStoreServer, mode: "ObjectLockModeType" = "COMPLIANCE") -> Evidence:
    bucket = f"locked-{secrets.token_hex(6)}"
    client = client_of(server)
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=1)
    stored = client.put_object(
        Bucket=bucket, Key="evidence", Body=SEEN, ObjectLockMode=mode, ObjectLockRetainUntilDate=until
    )
    return Evidence(server, bucket, stored["VersionId"])


def attack(evidence: Evidence) -> tuple[list[str], str]:
    """What a stranger was answered, and what SeaweedFS's shell told the stranger.

    Root attacks as a user that does not exist; who is not root can only do it as the owner, whose sockets are open
    to itself, and without a key.
    """
    server = evidence.server
    pids = processes_naming(server.folder)
    ports = listening_ports(pids)
    assert set(server.ports.values()) <= ports
    wanted: dict[str, Any] = {
        "uid": 54321 if os.geteuid() == 0 else None,
        "program": str(Path(sys.executable).with_name("weed")),
        "bucket": evidence.bucket,
        "key": "evidence",
        "version": evidence.version_id,
        "ports": sorted(ports),
        "sockets": listening_sockets(pids) if os.geteuid() == 0 else [],
        "master": f"127.0.0.1:{server.ports['master.port']}.{server.ports['master.port.grpc']}",
    }
    tried = subprocess.run(
        [sys.executable, "-I", str(STRANGER), json.dumps(wanted)], stdout=subprocess.PIPE, check=True, timeout=120
    )
    told = json.loads(tried.stdout)
    assert told["uid"] == (wanted["uid"] or os.geteuid())
    return told["answered"], told["shell"]


def test_who_has_no_key_destroys_nothing(object_store_server: ObjectStoreServer) -> None:
    evidence = locked_evidence(object_store_server)

    answered, shell = attack(evidence)

    assert (answered, "DataCenter" in shell, "deleted" in shell) == ([], False, False)
    assert evidence.stands()
    assert object_store_server.open_to_others() == ()


def test_without_certificates_the_same_attack_destroys_and_the_store_says_that_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the attack can succeed is what makes its failure above worth something."""
    monkeypatch.setattr("pipeline.devstack.seaweedfs.new_certificates", lambda *_: "")
    with ObjectStoreServer(tmp_path / "store") as server:
        evidence = locked_evidence(server)
        for service in ("master", "volume", "filer"):
            grpc = server.ports[f"{service}.port.grpc"]
            assert f"Port {grpc} answers gRPC without a key." in server.open_to_others()

        _, shell = attack(evidence)

        assert "DataCenter" in shell
        assert not evidence.stands()


def test_the_owner_of_the_folder_is_let_in_by_the_certificate(object_store_server: ObjectStoreServer) -> None:
    ports = object_store_server.ports
    asked = subprocess.run(
        [
            Path(sys.executable).with_name("weed"),
            "shell",
            f"-master=127.0.0.1:{ports['master.port']}.{ports['master.port.grpc']}",
        ],
        cwd=object_store_server.folder / "config",
        input="volume.list\nexit\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "DataCenter" in asked.stdout


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_the_daily_key_deletes_nothing_and_the_purge_key_only_what_governance_locks(
    mode: "ObjectLockModeType", object_store_server: ObjectStoreServer
) -> None:
    server = object_store_server
    evidence = locked_evidence(server, mode)
    daily = client_of(server)
    which: dict[str, Any] = {"Bucket": evidence.bucket, "Key": "evidence", "VersionId": evidence.version_id}
    soon = datetime.now(UTC) + timedelta(minutes=1)
    attempts: list[Callable[[], object]] = [
        lambda: daily.delete_object(**which, BypassGovernanceRetention=True),
        lambda: daily.delete_object(Bucket=evidence.bucket, Key="evidence"),
        lambda: daily.put_object_retention(
            **which, BypassGovernanceRetention=True, Retention={"Mode": mode, "RetainUntilDate": soon}
        ),
        lambda: daily.delete_bucket(Bucket=evidence.bucket),
        lambda: daily.put_bucket_policy(Bucket=evidence.bucket, Policy=everything_for_everybody(evidence.bucket)),
        lambda: daily.put_bucket_lifecycle_configuration(
            Bucket=evidence.bucket,
            LifecycleConfiguration={
                "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
            },
        ),
    ]
    for attempt in attempts:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            attempt()
    many = daily.delete_objects(
        Bucket=evidence.bucket,
        Delete={"Objects": [{"Key": "evidence", "VersionId": evidence.version_id}]},
        BypassGovernanceRetention=True,
    )
    assert [each["Code"] for each in many["Errors"]] == ["AccessDenied"]
    assert evidence.stands()

    purge = client_of(server, keys=server.purge_keys)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        purge.put_object(Bucket=evidence.bucket, Key="other", Body=b"x")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        purge.delete_object(**which)
    assert evidence.stands()
    if mode == "COMPLIANCE":
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            purge.delete_object(**which, BypassGovernanceRetention=True)
        assert evidence.stands()
    else:
        purge.delete_object(**which, BypassGovernanceRetention=True)
        assert not evidence.stands()


def everything_for_everybody(bucket: str) -> str:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_folder_of_the_version_before_opens_closed_with_its_key_and_what_it_held(tmp_path: Path) -> None:
    """Before, the one identity was an administrator, and no port asked for a certificate."""
    server = ObjectStoreServer(tmp_path / "store")
    with server:
        evidence = locked_evidence(server, "GOVERNANCE")
    config = server.folder / "config"
    keys = {"accessKey": server.access_key, "secretKey": server.secret_key}
    identity = {"name": "letapis", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    for file in config.iterdir():
        if file.name not in ("ports.json", "master.toml"):
            file.unlink()
    (config / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (config / "security.toml").write_text("".join(f'[{name}]\nkey = "{"0" * 64}"\n' for name in SIGNED))

    with server:
        assert (server.access_key, server.secret_key) == tuple(keys.values())
        assert evidence.stands()
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            client_of(server).delete_object(
                Bucket=evidence.bucket,
                Key="evidence",
                VersionId=evidence.version_id,
                BypassGovernanceRetention=True,
            )
        assert server.open_to_others() == ()


def test_keys_and_certificates_are_for_the_owner_alone(object_store_server: ObjectStoreServer) -> None:
    config = object_store_server.folder / "config"

    assert config.stat().st_mode & 0o077 == 0
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in config.iterdir() if file.is_file()}
    keys = ("s3.json", "purge-key.json", "security.toml", "ports.json", "key.pem")
    assert modes == dict.fromkeys((*keys, "master.toml", "authority.pem", "certificate.pem"), "0o600")


def test_an_acknowledged_object_survives_a_crash_at_the_same_address(tmp_path: Path) -> None:
    with ObjectStoreServer(tmp_path / "store") as server:
        address = server.endpoint
        client = client_of(server)
        client.create_bucket(Bucket="kept")
        client.put_object(Bucket="kept", Key="a/b", Body=b"x" * 100_000)

        server.kill()
        assert not server.alive
        assert server.restart_if_dead()

        assert server.endpoint == address
        assert client.get_object(Bucket="kept", Key="a/b")["Body"].read() == b"x" * 100_000


def test_data_and_keys_stay_when_the_remembered_ports_are_taken(tmp_path: Path) -> None:
    with ObjectStoreServer(tmp_path / "store") as server:
        client = client_of(server)
        client.create_bucket(Bucket="kept")
        client.put_object(Bucket="kept", Key="a", Body=b"seen")
        first = server.endpoint
    with socket.create_server(("127.0.0.1", urlsplit(first).port or 0)), server:
        assert server.endpoint != first
        client = client_of(server)
        assert client.get_object(Bucket="kept", Key="a")["Body"].read() == b"seen"
        client.put_object(Bucket="kept", Key="b", Body=b"seen later")


def test_other_ports_are_taken_where_somebody_sits_on_the_name_of_a_socket(tmp_path: Path) -> None:
    """Anybody may make files in the temporary folder, also where a SeaweedFS would put its socket next time."""
    with ObjectStoreServer(tmp_path / "store") as server:
        ports = server.ports
    in_the_way = Path(f"/tmp/seaweedfs-filer-grpc-{ports['filer.port.grpc']}.sock")
    (in_the_way / "cannot be removed").mkdir(parents=True)
    try:
        with server:
            assert server.ports["filer.port.grpc"] != ports["filer.port.grpc"]
            assert in_the_way.exists()
    finally:
        shutil.rmtree(in_the_way)


def test_a_port_that_was_asked_for_and_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} .LETAPIS_S3_PORT. is taken"):
            ObjectStoreServer(tmp_path / "store", port=port).start()


def test_another_server_on_its_port_is_not_taken_for_the_store(tmp_path: Path) -> None:
    """As when two stacks start together: the other one's store answers in the same way."""
    other = subprocess.Popen(
        [sys.executable, "-c", LISTEN_IN_A_SESSION_OF_ITS_OWN], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    pid, port = map(int, other.stdout.readline().split())
    try:
        server = ObjectStoreServer(tmp_path / "store")
        server._ports = {"s3.port": port}
        with pytest.raises(ServiceError, match=rf"Port {port} is held by a program .*\(process {pid}, "):
            server._answers()
    finally:
        os.kill(pid, signal.SIGKILL)
        other.communicate()


LISTEN_IN_A_SESSION_OF_ITS_OWN = """
import os, socket, time
if os.fork():
    os._exit(0)
listener = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), listener.getsockname()[1], flush=True)
time.sleep(600)
"""
"""Its parent has gone, so it is below no process of the test."""


def test_nothing_is_left_after_stop(tmp_path: Path) -> None:
    before = sockets_of_stores()
    server = ObjectStoreServer(tmp_path / "store")
    server.start()
    ports = {str(port) for port in server.ports.values()}
    own = {(path, inode) for path, inode in sockets_of_stores() - before if path.stem.rpartition("-")[2] in ports}
    assert own
    server.stop()

    assert processes_naming(server.folder) == set()
    assert sockets_of_stores() & own == set()


def sockets_of_stores() -> set[tuple[Path, int]]:
    """Sockets that stores have in the temporary folder, with their inodes: a name may be another store's later."""
    found = set()
    for path in Path("/tmp").glob("seaweedfs-*.sock"):
        with suppress(FileNotFoundError):
            found.add((path, path.stat().st_ino))
    return found
