"""What a recorder makes of odd answers goes into the index as a reader of its file sees it."""

from collections.abc import Callable
from pathlib import Path

from storage.spool.index_cache import read_index_cache
from storage.spool.spool import Spool
from storage.warc.index import index_warc
from tests.crawlers.recorder.origin_server import Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, read_all

ODD_ANSWERS = {
    "/chunked": b"HTTP/1.1 200 OK\r\ncontent-type : Text/HTML; charset=x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n",
    "/not-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunks here",
    "/half-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz",
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 50\r\n\r\nshort",
    "/empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/to-the-end": b"HTTP/1.0 404 Gone fishing\nContent-Type: text/plain\n\nuntil the connection ends",
    "/garbage": b"\x00\x01 what is this\r\n\r\nno HTTP",
    "/half-a-head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "/hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "/folded": b"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/html\r\nContent-Length: 2\r\nno colon\r\n\r\nhi",
}


def test_the_rows_written_are_the_rows_read(
    start_recorder: Callable[..., RunningRecorder], plain_origin: Origin, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", "01JNKZ5V0000000000000000CR", {"software": "letapis/0.1.0"})
    recorder = start_recorder(sink=spool, connect_to=(f":80:127.0.0.1:{plain_origin.port}",))
    for path, content in ODD_ANSWERS.items():
        plain_origin.handlers[path] = answer(content, keep=False)
        sock = recorder.tunnel("site.example:80", tls=False)
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: site.example\r\n\r\n" % path.encode())
        read_all(sock)
    recorder.close()
    [file] = spool.close()
    with file.path.open("rb") as stream:
        read = index_warc(stream, file.path.name)
    written = read_index_cache(file.path)
    assert len([row for row in read.rows if row.record_type == "response"]) == len(ODD_ANSWERS)
    assert written is not None and written.index == read
