"""The embedded object store: locked, closed, and there again after a crash."""

import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import pytest

from pipeline.services.object_store import ObjectStoreServer
from pipeline.services.processes import ServiceError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def client_of(server: ObjectStoreServer, secret_key: str | None = None) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=secret_key or server.secret_key,
        region_name="us-east-1",
    )


def listening_addresses(pids: set[int]) -> set[str]:
    """Local addresses, in the kernel's hexadecimal, of listening (0A) TCP sockets held by these processes."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            name = str(descriptor.readlink())
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                found.add(columns[1].partition(":")[0])
    return found


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
    assert listening_addresses(pids) == {"0100007F"}


def test_a_wrong_secret_is_refused(object_store_server: ObjectStoreServer) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=r"403|SignatureDoesNotMatch"):
        client_of(object_store_server, secret_key="wrong").list_buckets()


def test_the_ports_beside_s3_refuse_to_delete_a_locked_object(object_store_server: ObjectStoreServer) -> None:
    client = client_of(object_store_server)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client.put_object(Bucket="locked", Key="evidence", Body=b"seen")
    filer = HTTPConnection("127.0.0.1", object_store_server.ports["filer.port"], timeout=5)

    filer.request("DELETE", "/buckets/locked/evidence?recursive=true")

    assert filer.getresponse().status == 401
    assert client.get_object(Bucket="locked", Key="evidence")["Body"].read() == b"seen"


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


def test_a_port_that_was_asked_for_and_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} .LETAPIS_S3_PORT. is taken"):
            ObjectStoreServer(tmp_path / "store", port=port).start()


def test_nothing_is_left_after_stop(tmp_path: Path) -> None:
    server = ObjectStoreServer(tmp_path / "store")
    server.start()
    ports = {str(port) for port in server.ports.values()}
    server.stop()

    assert processes_naming(server.folder) == set()
    assert [path for path in Path("/tmp").glob("seaweedfs-*.sock") if path.stem.rpartition("-")[2] in ports] == []
