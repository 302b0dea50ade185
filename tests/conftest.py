"""What tests of every package share: real services of this session, fresh databases and buckets, captured pages.

Services start when the first test asks for them and end with the session, however it ends. With LETAPIS_STRICT set
(`.ci/run` does, where the captured pages are there), a skipped test fails.
"""

import json
import os

# Set before anything loads numpy: with more threads, some processors round a last bit of a product otherwise, and
# the workers of the product, with which tests compare, have one.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from _pytest.junitxml import xml_key  # pytest shows it to no plugin, and workers of xdist have none
from xdist.scheduler import LoadScopeScheduling

from pipeline.config.settings import ROOT, OwnedDatabase, Settings, load_settings
from pipeline.crawl.warcinfo import tree_digest
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.supervise.processes import processes_of_data_folder
from pipeline.validation.validation_report import TREE_PROPERTY
from processors.pdf.tesseract import LANGUAGES, languages_of
from samples.sites import SampleSites
from tests.administered_store import AdministeredStore
from tests.embedded_database import drop_database
from tests.processors.documents.scanned_documents import can_draw
from tests.shared_archive import settings_with_services

if TYPE_CHECKING:
    from storage.archive import Archive

MIGRATED = "letapis_migrated"

STACK_TESTS = (
    "tests/end_to_end/",
    "tests/pipeline/commands/test_demo.py",
    "tests/pipeline/devstack/test_airflow.py",
)
"""Whatever asks for `airflow_stack`."""

SUPERVISOR = pytest.StashKey["subprocess.Popen[str]"]()
"""The process of the running stack, once a test has asked for it."""

SERVICES = {"services_folder", "sample_sites", "realdata", "shared_cases"}
"""Fixtures that start something, or need what not everybody has; every other service rests on the first."""

NOT_UNIT = (
    "slow",
    "airflow",
    "browser",
    "realdata",
    "tesseract",
    "softhsm",
    "promtool",
    "caddy",
    "kubectl",
    "root",
)
"""Marks of tests that are no part of `make unit`."""


@pytest.hookimpl(trylast=True)  # the file is begun by a plugin of pytest, in the same hook
def pytest_configure(config: pytest.Config) -> None:
    """Have a JUnit file say of which tree it is: `letapis validation-report` takes no other."""
    junit = config.stash.get(xml_key, None)
    if junit is not None:
        junit.add_global_property(TREE_PROPERTY, tree_digest())


hypothesis.settings.register_profile("any-speed", deadline=None)  # no test depends on how fast a machine is
hypothesis.settings.load_profile("any-speed")


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """Not pytest's own folder: as root, the database's account has to get there."""
    folder = Path(tempfile.mkdtemp(prefix="letapis-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def object_store_server(services_folder: Path) -> Iterator[ObjectStoreServer]:
    with AdministeredStore(services_folder / "store") as server:
        yield server


@pytest.fixture(scope="session")
def second_object_store_server(services_folder: Path) -> Iterator[ObjectStoreServer]:
    """Independent of the first; a test that stops it starts it again."""
    with AdministeredStore(services_folder / "second-store") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(services_folder / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """Name of a database that has every migration and no row."""
    from storage.migrations import migrate

    access = postgres_server.create_database(MIGRATED)
    migrate(access.owner_url)
    return MIGRATED


@pytest.fixture
def database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[OwnedDatabase]:
    """A fresh migrated database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres_server.create_database(name, template=migrated_template)
    drop_database(postgres_server, name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that know a data folder of this test's own, and no services."""
    return Settings(data=tmp_path / "data")


@pytest.fixture
def stored_settings(
    settings: Settings, object_store_server: ObjectStoreServer, database: OwnedDatabase
) -> Settings:
    """Settings that know this test's database, its own sealing keys, and a bucket of its own, not there yet."""
    return settings_with_services(settings, object_store_server, database, f"test-{secrets.token_hex(6)}")


@pytest.fixture
def archive(stored_settings: Settings) -> "Iterator[Archive]":
    """An empty archive: fresh bucket, fresh migrated database."""
    from pipeline.config.archive_factory import open_archive

    opened = open_archive(stored_settings)
    opened.objects.ensure_bucket()
    yield opened
    opened.writer.dispose()
    opened.reader.dispose()
    if opened.accesses is not None:
        opened.accesses.dispose()


@pytest.fixture
def copied_settings(stored_settings: Settings, second_object_store_server: ObjectStoreServer) -> Settings:
    """The same with a bucket of this test's own in a second store."""
    return replace(
        stored_settings,
        replica_endpoint=second_object_store_server.endpoint,
        replica_access_key=second_object_store_server.access_key,
        replica_secret_key=second_object_store_server.secret_key,
        replica_bucket=f"copy-{secrets.token_hex(6)}",
        replica_lock_mode="governance",
        replica_lock_days=1,
    )


@pytest.fixture
def copied_archive(copied_settings: Settings) -> "Iterator[Archive]":
    """An empty archive in two stores."""
    from pipeline.config.archive_factory import open_archive

    opened = open_archive(copied_settings)
    assert opened.replica is not None
    opened.objects.ensure_bucket()
    opened.replica.ensure_bucket()
    yield opened
    opened.writer.dispose()
    opened.reader.dispose()
    if opened.accesses is not None:
        opened.accesses.dispose()


@pytest.fixture(scope="session")
def sample_sites(services_folder: Path) -> Iterator[SampleSites]:
    """The sample sites on loopback, on day 1; a test that turns the clock turns it back."""
    with SampleSites(folder=services_folder / "sites") as sites:
        yield sites


@dataclass(frozen=True)
class RunningStack:
    """The one stack of the test session, started as an operator starts it."""

    settings: Settings
    passwords: dict[str, str]
    supervisor: "subprocess.Popen[str]"


@pytest.fixture(scope="session")
def airflow_stack(
    services_folder: Path, sample_sites: SampleSites, request: pytest.FixtureRequest
) -> Iterator[RunningStack]:
    """`letapis up` over the sample sites' watch-list; that it ends without a trace is part of the fixture."""
    data = services_folder / "stack"
    # a copy: a test may let it name sources that fail
    watchlist = Path(shutil.copy(ROOT / "samples" / "watchlist.yaml", services_folder / "watchlist.yaml"))
    told = {
        "LETAPIS_DATA": str(data),
        "LETAPIS_WATCHLIST": str(watchlist),
        "LETAPIS_AIRFLOW_PORT": "0",
        "LETAPIS_CONNECT_TO": sample_sites.connect_to,
        "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
        "LETAPIS_UPSTREAM_CA": str(sample_sites.authority),
    }
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "up", "--json"],
        env={**os.environ, **told},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert supervisor.stdout is not None
    described = supervisor.stdout.readline()
    assert described, f"`letapis up` ended with code {supervisor.wait()}; its words are in the captured stderr"
    request.config.stash[SUPERVISOR] = supervisor
    yield RunningStack(load_settings(told), json.loads(described)["passwords"], supervisor)
    supervisor.terminate()
    assert supervisor.wait(timeout=120) == 0
    assert processes_of_data_folder(data) == ()


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of captured pages, feeds, WARC files and pictures."""
    folder = Path(os.environ.get("LETAPIS_REALDATA") or ROOT.parent / "shared" / "realdata")
    if not folder.is_dir():
        pytest.skip(f"no captured pages: {folder} is not there (LETAPIS_REALDATA)")
    return folder


@pytest.fixture(scope="session")
def shared_cases(realdata: Path) -> Path:
    """The folder of inputs after public reports of faults, which lies beside the captured pages."""
    folder = realdata.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases: {folder} is not there (it lies beside LETAPIS_REALDATA)")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out, not skipped: a normal user lacks nothing that another set-up would give."""
    if os.geteuid() != 0:
        _leave_out("root", config, items)
    if not _reads_pictures():
        _leave_out("tesseract", config, items)
    if shutil.which("softhsm2-util") is None:
        _leave_out("softhsm", config, items)
    if shutil.which("promtool") is None:
        _leave_out("promtool", config, items)
    if shutil.which("caddy") is None:
        _leave_out("caddy", config, items)
    if not _kustomizes():
        _leave_out("kubectl", config, items)
    items.sort(key=lambda item: not _needs_the_stack(item))  # these first, as where several processes share them
    for item in items:
        needed = set(getattr(item, "fixturenames", ()))
        if SERVICES.isdisjoint(needed) and not any(map(item.get_closest_marker, NOT_UNIT)):
            item.add_marker("unit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """The stack ends after the last test that needs it: its scheduler would go on working beside all others."""
    yield
    supervisor = item.config.stash.get(SUPERVISOR, None)
    if supervisor is not None and _needs_the_stack(item) and (nextitem is None or not _needs_the_stack(nextitem)):
        supervisor.terminate()
        supervisor.wait(timeout=120)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Where several processes share the tests, each takes whole files."""
    return FilesTogether(config, log)


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Fixtures are made once for each file, and all that needs the running stack shares one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "stack" if file.startswith(STACK_TESTS) else file


def _needs_the_stack(item: pytest.Item) -> bool:
    return item.nodeid.startswith(STACK_TESTS)


def _leave_out(marker: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    concerned = [item for item in items if item.get_closest_marker(marker)]
    config.hook.pytest_deselected(items=concerned)
    items[:] = [item for item in items if item not in concerned]


def _kustomizes() -> bool:
    """Whether there is a kubectl that has kustomize 5 or later in it."""
    program = shutil.which("kubectl")
    if program is None:
        return False
    ran = subprocess.run([program, "version", "--client"], capture_output=True, text=True)
    found = re.search(r"^Kustomize Version: v(\d+)\.", ran.stdout, flags=re.MULTILINE)
    return found is not None and int(found[1]) >= 5


def _reads_pictures() -> bool:
    """Whether there is tesseract with all of its languages, and the font that its pages are drawn with."""
    program = shutil.which("tesseract")
    return program is not None and set(languages_of(program)) == set(LANGUAGES) and can_draw()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("LETAPIS_STRICT"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, which LETAPIS_STRICT forbids: {report.longrepr}"
    return report
