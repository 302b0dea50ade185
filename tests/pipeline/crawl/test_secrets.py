"""Egress profiles from the settings to the wire: what a target sees by each, and that none leads another way."""

import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from fastwarc.warc import ArchiveIterator

from crawlers.model.job import CrawlJob
from crawlers.watchlist.source import source_for_urls
from pipeline.config.settings import Settings
from pipeline.crawl import job_for, run_crawl
from pipeline.crawl.secrets import (
    EGRESS_URL_VARIABLE,
    EgressNotConfigured,
    egress_from_environment,
    engine_environment,
)
from processors.http.tls_client_hello import ClientHello, read_client_hello
from samples.sites import SampleSites
from tests.crawlers.recorder.relay_proxy import Relay
from tests.typed_commands import typed

pytestmark = pytest.mark.slow

ARTICLE = "https://vesnik.pryklad.example/naviny/biudzet/"
SECRET = "p4ss-w0rd"


class Target:
    """A site that tells who asks, and keeps what it has seen of each connection."""

    def __init__(self, authority: trustme.CA) -> None:
        self.addresses: list[str] = []
        self.hellos: list[ClientHello] = []
        self.requests: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("target.example").configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, (address, _) = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock, address), daemon=True).start()

    def _serve(self, sock: socket.socket, address: str) -> None:
        first = b""
        while len(first) < 5 or len(first) < 5 + int.from_bytes(first[3:5]):
            first = sock.recv(1 << 16, socket.MSG_PEEK)
            if not first:
                return  # somebody who only looked whether anybody listens
        with suppress(OSError), self._context.wrap_socket(sock, server_side=True) as secure:
            request = b""
            while b"\r\n\r\n" not in request:
                request += secure.recv(1 << 16)
            self.addresses.append(address)
            self.hellos.append(read_client_hello(first))
            self.requests.append(request)
            body = json.dumps({"ip": address}).encode()
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(made.cert_pem.bytes())
    return made


@pytest.fixture
def target(authority: trustme.CA) -> Iterator[Target]:
    running = Target(authority)
    yield running
    running.close()


@pytest.fixture
def proxies(target: Target) -> Iterator[dict[str, Relay]]:
    running = {
        "socks": Relay(target.port, socks=True, credentials=("me", SECRET), leaves_from="127.0.0.5"),
        "office": Relay(target.port, socks=False, credentials=("me", SECRET), leaves_from="127.0.0.6"),
    }
    yield running
    for relay in running.values():
        relay.close()


def letapis(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return typed(*arguments, env={**os.environ, **variables})


def profiles(proxies: dict[str, Relay]) -> dict[str, str]:
    return {f"LETAPIS_EGRESS_{name.upper()}": relay.url for name, relay in proxies.items()}


def test_the_doctor_shows_what_a_target_sees_by_each_profile(
    target: Target, proxies: dict[str, Relay], tmp_path: Path
) -> None:
    done = letapis(
        "doctor",
        "--egress",
        "--target",
        "https://target.example/who?am=i",
        "--json",
        **profiles(proxies),
        LETAPIS_DATA=str(tmp_path / "data"),
        LETAPIS_CONNECT_TO=f"target.example:443:127.0.0.1:{target.port}",
        LETAPIS_ALLOW_ADDRESSES="127.0.0.0/8",
        LETAPIS_UPSTREAM_CA=str(tmp_path / "ca.pem"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["profile"] for row in rows] == ["direct", "office", "socks"]
    assert [json.loads(row["answer"])["ip"] for row in rows] == ["127.0.0.1", "127.0.0.6", "127.0.0.5"]
    assert target.addresses == ["127.0.0.1", "127.0.0.6", "127.0.0.5"]
    assert [row["leaves_by"] for row in rows] == [
        "direct",
        f"http://127.0.0.1:{proxies['office'].port}",
        f"socks5://127.0.0.1:{proxies['socks'].port}",
    ]
    assert SECRET not in done.stdout + done.stderr
    for row, request, hello in zip(rows, target.requests, target.hellos, strict=True):
        assert row["problem"] is None
        assert row["request"][:2] == ["GET /who?am=i HTTP/1.1", "Host: target.example"]
        assert "\r\n".join(row["request"]).encode() + b"\r\n\r\n" == request
        assert f"User-Agent: {row['user_agent']}".encode() in request
        offer = row["offer"]
        assert (offer["ja3"], offer["ja3_md5"]) == (hello.ja3, hello.ja3_md5)
        assert tuple(offer["extensions"]) == hello.extensions
        assert (offer["versions"], tuple(offer["alpn"])) == (["TLSv1.3", "TLSv1.2"], hello.alpn)
        assert len(offer["ciphers"]) == len(hello.ciphers)
        assert offer["ciphers"][0] == "TLS_AES_256_GCM_SHA384"
        assert (hello.server_name, hello.alpn) == ("target.example", ("http/1.1",))
        assert row["tls_protocol"] == "TLSv1.3"


def test_without_a_target_nobody_is_asked_and_a_proxy_that_is_away_is_told(
    proxies: dict[str, Relay], target: Target, tmp_path: Path
) -> None:
    proxies["office"].close()
    done = letapis("doctor", "--egress", **profiles(proxies), LETAPIS_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "problem     the egress proxy cannot be reached: Connection refused" in done.stdout
    assert done.stdout.count("address     unknown: no page was requested") == 3
    assert done.stdout.count("headers     Host, User-Agent, Accept, Accept-Language, Accept-Encoding") == 3
    assert SECRET not in done.stdout + done.stderr
    assert (target.addresses, proxies["socks"].asked) == ([], [])


@pytest.fixture
def crawled_through(sample_sites: SampleSites) -> Iterator[Relay]:
    relay = Relay(sample_sites.port, socks=True, credentials=("me", SECRET))
    yield relay
    relay.close()


def reaching(sites: SampleSites, spool: Path) -> list[str]:
    """Names are the proxy's to resolve: nothing is said of where they lead, nor is any address opened."""
    return ["--spool", str(spool), "--upstream-ca", str(sites.authority)]


def everything_in(folder: Path) -> bytes:
    """Names and bytes of every file, WARC records unpacked."""
    seen = []
    for path in sorted(folder.rglob("*")):
        seen.append(str(path.relative_to(folder)).encode())
        if path.is_file():
            seen.append(path.read_bytes())
        if path.suffix == ".gz":
            with path.open("rb") as stream:
                for record in ArchiveIterator(stream, parse_http=False):
                    seen += [repr(list(record.headers)).encode(), record.reader.read()]
    return b"\n".join(seen)


def test_a_crawl_leaves_by_the_profile_it_names_and_keeps_nothing_of_it(
    sample_sites: SampleSites, crawled_through: Relay, tmp_path: Path
) -> None:
    arguments = ["crawl", "--url", ARTICLE, "--egress", "tor", *reaching(sample_sites, tmp_path), "--json"]
    done = letapis(*arguments, LETAPIS_EGRESS_TOR=crawled_through.url)
    assert done.returncode == 0, done.stderr
    assert crawled_through.asked == ["vesnik.pryklad.example:443"]
    assert json.loads(done.stdout)["outcomes"] == {"content": 1}
    kept = everything_in(tmp_path) + done.stdout.encode() + done.stderr.encode()
    for told in (SECRET, f"127.0.0.1:{crawled_through.port}", str(crawled_through.port)):
        assert told.encode() not in kept
    (job,) = tmp_path.rglob("job.json")
    assert json.loads(job.read_text())["egress"] == "tor"
    assert job.stat().st_mode & 0o077 == 0
    warcs = b"".join(
        record.reader.read()
        for path in tmp_path.rglob("*.warc.gz")
        for record in ArchiveIterator(path.open("rb"), parse_http=False)
    )
    assert ARTICLE.encode() in warcs
    assert b'"tor"' not in warcs


def test_a_source_of_the_watch_list_leaves_by_its_profile(
    sample_sites: SampleSites, crawled_through: Relay, tmp_path: Path
) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(
        f"sources:\n  - {{id: a, kind: page, pages: ['{ARTICLE}'], egress: tor, robots: ignore}}\n"
    )
    arguments = ["crawl", "--watchlist", str(watchlist), *reaching(sample_sites, tmp_path / "spool"), "--json"]
    done = letapis(*arguments, LETAPIS_EGRESS_TOR=crawled_through.url)
    assert done.returncode == 0, done.stderr
    assert set(crawled_through.asked) == {"vesnik.pryklad.example:443"}

    without = letapis(*arguments)
    assert without.returncode == 2
    assert f"{watchlist}:2: sources[0].egress: no egress profile 'tor'; this machine has: direct" in " ".join(
        without.stderr.split()
    )


@pytest.mark.parametrize("trouble", ["away", "password", "refuses"])
def test_a_way_out_that_fails_is_told_and_nothing_goes_directly(
    trouble: str, sample_sites: SampleSites, tmp_path: Path
) -> None:
    sample_sites.forget_requests()
    relay = Relay(sample_sites.port, socks=True, credentials=("me", SECRET), refuses=trouble == "refuses")
    if trouble == "away":
        relay.close()
    address = relay.url if trouble != "password" else f"socks5://me:wrong@127.0.0.1:{relay.port}"
    # Directly the site could be reached, were anything to fall back on that.
    direct = ["--connect-to", sample_sites.connect_to, "--allow-address", "127.0.0.0/8"]
    arguments = [
        "crawl",
        "--url",
        ARTICLE,
        "--egress",
        "tor",
        *direct,
        *reaching(sample_sites, tmp_path),
        "--json",
    ]
    done = letapis(*arguments, LETAPIS_EGRESS_TOR=address)
    relay.close()
    report = json.loads(done.stdout)
    assert sample_sites.requests_log == ()
    if trouble == "away":
        assert done.returncode == 1
        assert report["problem"] == (
            "egress profile 'tor': the egress proxy cannot be reached: Connection refused; nothing was fetched "
            "(`letapis doctor --egress`)"
        )
        assert report["exchanges"] == 0
    else:
        assert done.returncode == 3
        (failure,) = report["failures"]
        assert failure.startswith(
            f"{ARTICLE}: unreachable: the egress proxy gives no connection to 127.0.0.1 port "
        )
        assert failure.endswith(": it refuses" if trouble == "password" else ": it refuses with code 2")
    kept = everything_in(tmp_path)
    assert str(relay.port).encode() not in kept
    assert SECRET.encode() not in kept


def test_a_profile_that_nobody_declared_is_wrong_use(tmp_path: Path) -> None:
    done = letapis("crawl", "--url", ARTICLE, "--egress", "tor", "--spool", str(tmp_path))
    assert done.returncode == 2
    assert "No egress profile 'tor' is known: set LETAPIS_EGRESS_TOR. Known: direct." in " ".join(
        done.stderr.split()
    )
    assert list(tmp_path.iterdir()) == []


def job(egress: str | None) -> CrawlJob:
    source = source_for_urls((ARTICLE,), egress=egress)
    return job_for(source, user_agent="any", collector="any")


def test_a_job_with_a_profile_and_without_its_address_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EGRESS_URL_VARIABLE, raising=False)
    with pytest.raises(ValueError, match="egress profile 'tor': expected an address"):
        run_crawl(job("tor"), tmp_path)
    with pytest.raises(
        EgressNotConfigured, match="egress profile 'tor': its address is not known here; nothing was fetched"
    ):
        egress_from_environment(job("tor"))
    monkeypatch.setenv(EGRESS_URL_VARIABLE, "socks5://127.0.0.1:1")
    with pytest.raises(EgressNotConfigured):
        egress_from_environment(job("direct"))


def test_engines_are_shown_no_secret_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "LETAPIS_EGRESS_TOR": "socks5://me:hidden@127.0.0.1:1",
        "LETAPIS_S3_SECRET_KEY": "hidden",
        "LETAPIS_DATABASE_URL": "postgresql://me:hidden@db/x",
        "LETAPIS_AIRFLOW_PASSWORD": "hidden",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://me:hidden@db/x",
        EGRESS_URL_VARIABLE: "socks5://me:hidden@127.0.0.1:1",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    shown = engine_environment()
    assert "hidden" not in " ".join(shown.values())
    assert shown["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("word", ["letapis", "chronicle", "scrapy", "python", "playwright", "headless", "bot"])
def test_the_default_user_agent_names_neither_product_nor_organisation(word: str) -> None:
    assert word not in Settings().user_agent.lower()
