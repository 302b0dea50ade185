"""Every command under what a user's machine may do to it: no stack, a data folder that is none, streams that fail.

No traceback reaches a person, one cause has one exit code, and an answer that is lost is never called an answer.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import typer.main

from docs.generator.commands_page import commands_page
from pipeline.backup.gathering import gather
from pipeline.backup.making import write_new
from pipeline.backup.sealed_file import seal_backup
from pipeline.cli import app
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.output import Exit
from pipeline.process.run import process_pending
from samples.media.files import media_file
from storage.deposit.deposit import deposit_file
from storage.sealing_keys import make_keys
from tests.embedded_database import drop_database
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.integrity.test_rebuilt_catalogue import POST
from tests.storage.killed_deposits import environment
from tests.typed_commands import CommandProcesses

pytestmark = pytest.mark.slow

PAGE = "https://t.me/s/kanal"
PASSPHRASE = "a passphrase for a trial"
CODES = {int(code) for code in Exit}


def command_names() -> tuple[str, ...]:
    """Every command, those of `sources` too, as they are typed."""
    names = []
    for name, command in getattr(typer.main.get_command(app), "commands", {}).items():
        names.append(name)
        names += [f"{name} {each}" for each in getattr(command, "commands", {})]
    return tuple(names)


ARGUMENTS: dict[str, list[str]] = {
    "archive": ["http://127.0.0.1:9/"],
    "assess": ["sha256:{sha256}"],
    "backup": ["--check", "{folder}/archive.backup", "--passphrase-file", "{folder}/passphrase"],
    "captures": [PAGE],
    "changes": ["kanal"],
    "coverage": ["kanal"],
    "crawl": ["--url", "not an address", "--spool", "{folder}/spool"],
    "custody": [PAGE],
    "deposit": ["{folder}/page.warc.gz"],
    "export": ["announcement"],
    "explain": ["urn:uuid:00000000-0000-4000-8000-000000000001"],
    "export-index": ["--to", "{folder}"],
    "fingerprint": ["{folder}/tram.jpg"],
    "group": ["{folder}/tram.jpg"],
    "import-telegram": ["{folder}"],
    "members add": ["ann", "--case", "K-1"],
    "members remove": ["ann", "--case", "K-1"],
    "judge": ["{folder}/tram.jpg", "{folder}/page.html", "same", "--reason", "a trial"],
    "parse": ["telegram", "{folder}/page.html", "--url", PAGE],
    "recover": [
        *("--from", "{folder}/archive.backup", "--check", "--settings-to", "{folder}/letapis.env"),
        *("--passphrase-file", "{folder}/passphrase"),
    ],
    "quality": ["--sample", "1"],
    "repeats stop": ["01M8M8D8BMRCE8V734AMJ3K1FN"],
    "receipt": ["01M8M8D8BMRCE8V734AMJ3K1FN"],
    "search": ["announcement"],
    "show": ["sha256:{sha256}"],
    "similar": ["{folder}/tram.jpg"],
    "sources add": ["@pryklad_monitor"],
    "sources end": ["tg-pryklad-monitor", "--reason", "closed"],
    "sources import": ["{folder}/list.csv", "--dry-run"],
    "sources new": ["courts", "--url", "http://127.0.0.1:9/"],
    "sources try": ["nobody"],
    "sql": ["SELECT count(*) FROM archive.captures"],
    "sql-login": ["ann"],
    "tokens make": ["ann", "--for", "a trial"],
    "tokens revoke": ["01M8M8D8BMRCE8V734AMJ3K1FN"],
    "hold": ["sha256:{sha256}", "--reason", "a trial", "--basis", "none"],
    "receive": ["{folder}/page.html", "--origin", "a trial", "--received-at", "2026-11-20", "--from", "ann"],
    "redact": ["sha256:{sha256}", "--steps", "{folder}/steps.json"],
    "release": ["999999", "--reason", "a trial"],
    "quarantine": ["sha256:{sha256}", "--reason", "a trial"],
    "restore": ["sha256:{sha256}", "--reason", "a trial", "--second", "ann"],
    "purge": ["sha256:{sha256}", "--reason", "a trial", "--basis", "none", "--second", "ann"],
    "withdraw": ["sha256:{sha256}", "--reason", "a trial", "--basis", "none", "--second", "ann"],
    "withheld": [],
    "worker": ["--once"],
    "witness": ["{folder}/witness"],
}
"""What a command is given; those not named here are given nothing."""

STARTING = ("up", "demo")
"""They start a stack, where the data folder lets them."""

NEEDING_NO_ARCHIVE = frozenset(
    (
        "alarms",
        "archive",
        "backup",
        "crawl",
        "doctor",
        "fingerprint",
        "group",
        "kept-apart",
        "login",
        "metrics",
        "morning",
        "parse",
        "recover",
        "sources",
        "sources import",
        "sources list",
        "sources new",
        "sources test",
        "sources try",
        "sql-login",
        "validation-report",
        "witness",
    )
)

COMMANDS = command_names()
ONCE = ("quarantine", "withdraw", "restore", "purge", "sources add", "sources end")
"""What is done once is refused after that."""

ANSWERING = tuple(
    name for name in COMMANDS if name not in (*STARTING, *ONCE, "harvest", "replay", "backfill stop")
)


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


class Runner:
    """Runs commands, the same once only."""

    def __init__(self, folder: Path, sha256: str) -> None:
        self._folder, self._sha256 = folder, sha256
        self._processes = CommandProcesses()
        self._known: dict[str, Ran] = {}

    def arguments(self, name: str, *, file: Path | None = None) -> list[str]:
        """What a command is usually given; every file is ``file`` where that is named."""
        return [
            str(file)
            if file is not None and "{folder}/" in each
            else each.format(folder=self._folder, sha256=self._sha256)
            for each in ARGUMENTS.get(name, [])
        ]

    def run(
        self,
        name: str,
        env: dict[str, str],
        *more: str,
        instead: list[str] | None = None,
        stdout: str = "file",
        encoding: str = "utf-8",
    ) -> Ran:
        """Run one command, with other arguments ``instead``; the same asked again is answered from before."""
        given = self.arguments(name) if instead is None else instead
        argv = [*name.split(), *given, *more]
        process = {"env": env, "cwd": str(ROOT), "umask": 0o022}
        case = {"argv": argv, **process, "stdout": stdout, "encoding": encoding}
        line = json.dumps(case)
        if line not in self._known:
            self._known[line] = Ran(**self._processes.run(case))
        ran = self._known[line]
        assert "Traceback" not in ran.err, ran.err
        assert "Exception ignored" not in ran.err, ran.err
        assert ran.code in CODES, ran
        assert ran.code in (Exit.DONE, Exit.PIPE_CLOSED) or ran.err or ran.out, ran
        return ran

    def end(self) -> None:
        """Let go of the process."""
        self._processes.end()


@pytest.fixture(scope="module")
def folder(services_folder: Path) -> Path:
    """A page, a picture, a list, a WARC file, and the backup of some installation."""
    made = services_folder / "every-command"
    made.mkdir()
    page = POST.format(number=1).replace("Announcement", "Абвестка announcement")
    (made / "page.html").write_text(page, "utf-8")
    picture = media_file("tram/w800/q82").content
    (made / "tram.jpg").write_bytes(picture)
    (made / "steps.json").write_text('{"reason": "a trial", "steps": [{"cover": "words", "words": "x"}]}', "utf-8")
    backed_up = gather(Settings(data=made / "nothing", watchlist=made / "page.html"), {})
    write_new(made / "archive.backup", seal_backup(backed_up.as_bytes(), PASSPHRASE))
    write_new(made / "passphrase", PASSPHRASE.encode())
    (made / "list.csv").write_text("https://t.me/kanal_two\n", "utf-8")
    items = [
        exchange(PAGE, response(page.encode())),
        exchange("https://cdn.test/1.jpg", response(picture, "image/jpeg")),
    ]
    shutil.copy(crawl_one(made / "crawled", items), made / "page.warc.gz")
    return made


@pytest.fixture(scope="module")
def runner(folder: Path) -> Iterator[Runner]:
    from processors.digest import sha256

    running = Runner(folder, sha256((folder / "tram.jpg").read_bytes()).hex)
    yield running
    running.end()


@pytest.fixture(scope="module")
def nothing_known(services_folder: Path) -> dict[str, str]:
    """No stack runs, and no service is named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    return {**kept, "LETAPIS_DATA": str(services_folder / "no-stack")}


@pytest.fixture(scope="module")
def answering(
    folder: Path,
    services_folder: Path,
    object_store_server: ObjectStoreServer,
    postgres_server: PostgresServer,
    migrated_template: str,
) -> Iterator[dict[str, str]]:
    """An archive that holds the page and the picture."""
    name = f"every_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name, template=migrated_template)
    settings = Settings(
        data=services_folder / "answering",
        s3_endpoint=object_store_server.endpoint,
        s3_access_key=object_store_server.access_key,
        s3_secret_key=object_store_server.secret_key,
        s3_bucket=f"test-{secrets.token_hex(6)}",
        lock_mode="governance",
        lock_days=1,
        database_url=access.owner_url,
        database_writer_url=access.writer_url,
        database_reader_url=access.reader_url,
    )
    make_keys(settings.sealing_keys_file)
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        deposit_file(archive, folder / "page.warc.gz")
        process_pending(archive)
    yield environment(replace(settings))
    drop_database(postgres_server, name)


@pytest.mark.parametrize("name", [each for each in COMMANDS if each not in STARTING])
def test_without_a_stack(name: str, runner: Runner, nothing_known: dict[str, str]) -> None:
    ran = runner.run(name, nothing_known)
    if name not in NEEDING_NO_ARCHIVE | {"status"}:
        assert (ran.code, "is known" in ran.err) == (Exit.WRONG_USE, True), ran


@pytest.mark.parametrize("where", ["a file", "no folder of anybody"])
@pytest.mark.parametrize("name", COMMANDS)
def test_with_a_data_folder_in_which_nothing_can_be_kept(
    name: str, where: str, runner: Runner, nothing_known: dict[str, str], services_folder: Path
) -> None:
    file = services_folder / "no-folder"
    file.touch()
    data = {"a file": str(file), "no folder of anybody": "/proc/letapis/data"}[where]
    ran = runner.run(name, {**nothing_known, "LETAPIS_DATA": data})
    if name in STARTING:
        assert ran.code == Exit.FAILED
        assert f"The data folder {data}: expected a folder that can be written to, found" in ran.err
    if name == "doctor":
        assert ran.code == Exit.FAILED
        assert f"missing Disk              {data}: " in ran.out
        assert ran.out.rstrip().splitlines()[-1].split()[1] == "Replay", "it ended before its last check"
    if name == "status":
        assert ran.code == Exit.FAILED
        assert f"data folder  {data}: expected" in ran.out


@pytest.mark.parametrize("name", ANSWERING)
def test_an_answer_that_cannot_be_written_is_no_answer(
    name: str, runner: Runner, answering: dict[str, str]
) -> None:
    usual = runner.run(name, answering)
    full = runner.run(name, answering, stdout="full")
    if usual.out:
        assert (full.code, "could not be written" in full.err) == (Exit.FAILED, True), full
    gone = runner.run(name, answering, stdout="gone")
    if usual.out:
        assert gone.code == Exit.PIPE_CLOSED, gone


@pytest.mark.parametrize("name", ["search", "parse", "show"])
def test_an_answer_to_a_closed_stdout_is_no_answer(name: str, runner: Runner, answering: dict[str, str]) -> None:
    for words in ((), ("--json",)):
        ran = runner.run(name, answering, *words, stdout="closed")
        assert (ran.code, "could not be written" in ran.err) == (Exit.FAILED, True), ran


@pytest.mark.parametrize("asked", ["--help", "search --help", "sources import --help"])
@pytest.mark.parametrize("stdout", ["full", "closed"])
def test_help_that_cannot_be_written_is_said_to_be_lost(
    asked: str, stdout: str, runner: Runner, nothing_known: dict[str, str]
) -> None:
    ran = runner.run(asked, nothing_known, instead=[], stdout=stdout)
    assert (ran.code, "could not be written" in ran.err) == (Exit.FAILED, True), ran


@pytest.mark.parametrize("name", ANSWERING)
def test_letters_that_a_terminal_lacks_are_spelled_out(
    name: str, runner: Runner, answering: dict[str, str]
) -> None:
    ran = runner.run(name, answering, encoding="ascii")
    assert ran.code == runner.run(name, answering).code, ran


@pytest.mark.parametrize("name", ["search", "parse"])
def test_json_is_json_in_any_encoding(name: str, runner: Runner, answering: dict[str, str]) -> None:
    ran = runner.run(name, answering, "--json", encoding="ascii")
    assert ran.out.isascii()
    assert any("Абвестка" in json.dumps(json.loads(line), ensure_ascii=False) for line in ran.out.splitlines())


@pytest.mark.parametrize("name", [name for name in COMMANDS if "{folder}/" in "".join(ARGUMENTS.get(name, []))])
@pytest.mark.parametrize("found", ["nothing", "a folder", "bytes"])
def test_files_that_are_not_what_a_command_takes(
    name: str, found: str, runner: Runner, answering: dict[str, str], services_folder: Path
) -> None:
    place = services_folder / f"instead-{found.replace(' ', '-')}"
    if found == "a folder":
        place.mkdir(exist_ok=True)
    elif found == "bytes":
        place.write_bytes(bytes(range(256)) * 8)
    ran = runner.run(name, answering, instead=runner.arguments(name, file=place))
    if found == "nothing":
        assert ran.code == Exit.WRONG_USE, ran
        assert str(place) in ran.err or name == "crawl"


def test_the_reference_names_every_exit_code() -> None:
    page = commands_page()
    assert [code for code in sorted(CODES) if f"| `{code}` |" not in page] == []
