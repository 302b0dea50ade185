"""What this installation is told from outside: folders, store, database, retention, Airflow.

In: `LETAPIS_*` variables, then `.env` in the project's folder, then `<data>/stack.json` (written by the embedded
services while they run, readable by its owner alone), then defaults; the first that names a value wins. Out: one
frozen `Settings`. Raises `SettingsError`, which lists every mistake in words. Reads nothing at import.

A store, database or Airflow named by the operator is never completed from `stack.json`: an outside endpoint with
the embedded store's key would be a mixture nobody asked for.
"""

import json
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from crawlers.extensions.folder import ExtensionFolder
from crawlers.log_lines import TEXT
from pipeline.config.demo_location import demo_folder, is_demo_folder
from pipeline.config.parsing import DIRECT, EGRESS_PREFIX, PROJECT, READERS, egress_profiles, read_dotenv

ROOT: Final = PROJECT
"""The project's folder: holds `dags/`, `plugins/`, `airflow.cfg`, `.env`."""

LockMode = Literal["governance", "compliance"]

NOT_VARIABLES: Final = frozenset({"egress", "airflow_process"})
"""Settings that no variable of their own name gives."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3_endpoint": ("s3_bucket", "s3_access_key", "s3_secret_key", "s3_region", "lock_mode", "lock_days"),
    "replica_endpoint": (
        "replica_bucket",
        "replica_access_key",
        "replica_secret_key",
        "replica_region",
        "replica_lock_mode",
        "replica_lock_days",
    ),
    "database_writer_url": (
        "database_url",
        "database_reader_url",
        "database_access_url",
        "database_sql_url",
        "database_drill_url",
    ),
    "database_reader_url": (
        "database_url",
        "database_writer_url",
        "database_access_url",
        "database_sql_url",
        "database_drill_url",
    ),
    "database_url": (
        "database_writer_url",
        "database_reader_url",
        "database_access_url",
        "database_sql_url",
        "database_drill_url",
    ),
    "airflow_url": ("airflow_user", "airflow_password", "airflow_process"),
}
"""What belongs together: naming the first elsewhere takes the rest from elsewhere, too."""


class SettingsError(Exception):
    """The settings contradict themselves or lack something; the operator mends them. ``problems``: sentences."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class StoreAccess:
    """How to reach the object store, and how long what is put there stays locked."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    lock_mode: LockMode
    lock_days: int


@dataclass(frozen=True)
class DatabaseAccess:
    """The doors to one PostgreSQL database that a worker needs: writer appends, reader asks (SQLAlchemy URLs)."""

    writer_url: str = field(repr=False)
    reader_url: str = field(repr=False)
    access_url: str | None = field(default=None, kw_only=True, repr=False)
    """Appends to the access log in the name of a person; the API server's alone."""
    sql_url: str | None = field(default=None, kw_only=True, repr=False)
    """Reads the views for SQL, and nothing else."""


@dataclass(frozen=True)
class OwnedDatabase(DatabaseAccess):
    """The same with the owner's door, through which tables are made and changed."""

    owner_url: str = field(repr=False)


@dataclass(frozen=True)
class AirflowAccess:
    """How to reach the running Airflow's REST API and pages.

    ``stack_process`` is the process of the embedded stack that must be the one that answers before the password is
    sent; None where the operator has named the address.
    """

    url: str
    user: str
    password: str = field(repr=False)
    stack_process: int | None = None


@dataclass(frozen=True)
class Settings:
    """One installation. ``None`` means: not told, and no embedded service has told it either."""

    data: Path = ROOT / ".letapis"
    """The data folder; each stack needs one of its own. The folder `hashes` in it is a cache of this worker: 69
    bytes for each picture or video frame in each search table, made anew where it is missing.
    """
    search_index: Path | None = None
    """The folder of this host's search index, which is derived from the database and made anew where it is
    missing. It holds the text of all that can be searched, and is as confidential as the database. Default:
    `search` in the data folder.
    """
    watchlist: Path = ROOT / "watchlist.yaml"
    """The watch-list."""
    extensions: Path | None = None
    """The folder of your own parsers, an absolute path. Only you and root may be able to write to it, to the
    folders above it and to what is in it. Default: none, so that no code besides that of Letapis is run.
    """

    s3_endpoint: str | None = None
    """An object store of your own; then no embedded one is started. Default: the embedded store."""
    s3_bucket: str = "letapis"
    """The bucket of the object store."""
    s3_access_key: str | None = None
    """The key id for daily work at the object store. Default: made when the embedded store first starts."""
    s3_secret_key: str | None = field(default=None, repr=False)
    """The secret that belongs to it. Default: made when the embedded store first starts."""
    s3_region: str = "us-east-1"
    """The region of the object store."""
    s3_purge_access_key: str | None = None
    """The key id that may delete single versions, for `letapis purges --run` alone. Default: that of the embedded
    store; of a store of your own none, so that old versions stay due there.
    """
    s3_purge_secret_key: str | None = field(default=None, repr=False)
    """The secret that belongs to it."""
    s3_port: int | None = None
    """The port of the embedded store. Default: any free one, and the same one again at each later start."""
    lock_mode: LockMode | None = None
    """The mode of Object Lock. Default: `governance` in the embedded store; for a store of your own it must be
    set.
    """
    lock_days: int | None = None
    """How long an object stays locked, in days. Default: 1 in the embedded store; for a store of your own it must
    be set.
    """

    replica_endpoint: str | None = None
    """A second, independent object store, to which everything is copied. Default: none, so there is no second
    copy.
    """
    replica_bucket: str = "letapis"
    """The bucket of the second store."""
    replica_access_key: str | None = None
    """The key id at the second store. Default: none; must be set together with the endpoint."""
    replica_secret_key: str | None = field(default=None, repr=False)
    """The secret that belongs to it. Default: none; must be set together with the endpoint."""
    replica_region: str = "us-east-1"
    """The region of the second store."""
    replica_purge_access_key: str | None = None
    """The key id that may delete single versions of the second store. Default: none."""
    replica_purge_secret_key: str | None = field(default=None, repr=False)
    """The secret that belongs to it. Default: none."""
    replica_lock_mode: LockMode | None = None
    """The mode of Object Lock at the second store. Default: none; must be set together with the endpoint."""
    replica_lock_days: int | None = None
    """How long an object stays locked at the second store, in days. Default: none; must be set together with the
    endpoint."""
    audit_weeks: int = 13
    """In how many weeks the DAG `audit` reads the whole archive once."""
    quality_sample: int = 10
    """How many captures of each night that a browser made are replayed and compared with what was seen
    (`docs/quality.md`); 0 for none. What is captured on demand is always compared."""
    renew_locks: bool = False
    """With `yes`, the DAG `audit` extends locks that would end before its next round is complete."""
    nights_since: datetime | None = None
    """From this moment on, a night that was missed is started late or reported as missing. All Airflow components
    need the same value. Default: the first start of the embedded stack; elsewhere the beginning of 2026, so that a
    new installation begins with a harvest.
    """
    receive_limit_mb: int = 2000
    """How many megabytes a file may have that somebody brings (`letapis receive`, the page “Received”). The API
    server keeps an upload in its data folder until it is whole.
    """
    keep_free_mb: int = 1000
    """How many megabytes crawls leave free on the disk of the data folder. With less, no crawl starts, and running
    crawls end; their files are closed and deposited. Where the embedded store is on that disk, at least 1.25 % of
    the disk and once more the size of the spool stay free.
    """

    sealing_keys: Path | None = None
    """The file of sealing keys, which open who did what, why and for which case. Keep it outside store and
    database, and keep a copy. All workers and the API server need the same keys. Default: `keys/sealing.keys` in
    the data folder, where `letapis up` and `letapis prepare` make it.
    """
    log_key: Path | None = None
    """The file of the log's signing key, which signs checkpoints over custody. Keep it outside store and database,
    and keep a copy; beside it lies the last checkpoint that it has signed. Workers that harvest need it. Default:
    `keys/log.key` in the data folder, where `letapis up` and `letapis prepare` make it.
    """
    package_key: Path | None = None
    """The file of the key that signs the WACZ files of packages that are handed over. Keep it outside store and
    database. Default: `keys/package.key` in the data folder, where `letapis up` and `letapis prepare` make it.
    """
    login_profiles: Path | None = None
    """The folder of login profiles (`letapis login`), sealed by the keys of `LETAPIS_LOGIN_KEYS`. Keep it outside
    store and database. Workers that crawl with a login need the same folder. Default: `login` in the data folder.
    """
    login_keys: Path | None = None
    """The file of keys that open login profiles, and what crawls with a login have kept out of the archive. Keep
    it outside store and database, and keep a copy. Default: `keys/login.keys` in the data folder, where
    `letapis login` makes it.
    """
    packages: Path | None = None
    """The folder of packages that are ordered on the page Hand over: frozen selections, and what was built of
    them. It holds evidence in the open, for its owner alone (mode 0700). The API server and the workers need the
    same folder. Default: `packages` in the data folder.
    """
    validation_report: Path | None = None
    """The file of this version's validation report (`letapis validation-report`), which goes along in packages.
    Default: `validation-report.json` in the project's folder; where it is missing, packages say so.
    """
    log_origin: str | None = None
    """The name of the log, such as `archive.example.org/log`, with which its key is made. It never changes.
    Default: `letapis-log/` and 16 random digits.
    """
    outlets: Path | None = None
    """A YAML file that names the places outside to which checkpoints of the log go: witnesses, time authorities,
    calendars of OpenTimestamps, webhooks, e-mail, git. Default: none, so that only a second store, where there is
    one, gets them.
    """
    log_pkcs11: str | None = field(default=None, repr=False)
    """The signing key in a PKCS#11 token instead of a file (RFC 7512):
    `pkcs11:token=...;object=...?module-path=...&pin-source=...`. Default: none.
    """

    database_url: str | None = field(default=None, repr=False)
    """A PostgreSQL database of your own, as its owner. Only `letapis prepare` and `letapis up` need it. Default:
    the embedded database.
    """
    database_writer_url: str | None = field(default=None, repr=False)
    """The same database as the role `letapis_writer`. Default: the embedded database."""
    database_reader_url: str | None = field(default=None, repr=False)
    """The same database as the role `letapis_reader`. Default: the embedded database."""
    database_access_url: str | None = field(default=None, repr=False)
    """The same database as the role `letapis_access`, which writes the access log. Only the API server needs it.
    Default: the embedded database."""

    database_sql_url: str | None = field(default=None, repr=False)
    """The same database as the role `letapis_sql`, or as one person's own login. Only `letapis sql` needs it.
    Default: the embedded database.
    """

    database_drill_url: str | None = field(default=None, repr=False)
    """The address of a role that may make databases, at the same server and in a database that is not the
    archive's: `letapis drill` makes and drops its scratch database with it. Default: that of the embedded
    database.
    """

    airflow_url: str | None = None
    """The address of the Airflow that commands use. Default: the embedded Airflow."""
    airflow_user: str | None = None
    """The user name for it. Default: that of the embedded Airflow."""
    airflow_password: str | None = field(default=None, repr=False)
    """The password for it. Default: that of the embedded Airflow."""
    airflow_process: int | None = None
    """Not a variable: the process of the embedded stack, which alone says it."""
    airflow_port: int | None = None
    """The port of the embedded Airflow. Default: 8080, or any free one where that is taken."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What further roles or groups of Airflow's auth manager may do: `GROUP=ROLE` pairs, each role one of
    `reader`, `collector`, `custodian`, `administrator`. Default: none; those of the simple and the FAB auth
    manager are known.
    """

    logs_as: str = TEXT
    """How log lines are written on standard error: `text` for people, `json` for programs, one object a line. All
    processes need the same. Default: `text`.
    """

    metrics_token: str | None = field(default=None, repr=False)
    """The token with which Prometheus reads the figures at `/archive/metrics`: 16 characters or more, letters,
    digits and `-._~+/=`. Only the API server needs it. Default: none, and nobody reads them there.
    """

    morning_to: tuple[str, ...] = field(default=(), repr=False)
    """To whom the morning message goes: one or several addresses as apprise writes them, separated by spaces, such
    as `mailtos://user:password@mail.example?to=ops@org.example`. They may hold passwords. Workers need it.
    """
    morning_language: str = "en"
    """The language of the morning message, as a tag such as `be`; English where its catalogue is not there."""
    morning_timezone: str = "UTC"
    """The operator's time zone, such as `Europe/Warsaw`: by 07:00 there the message comes, with times of it."""
    morning_egress: str | None = None
    """The egress profile by which messages and heartbeat leave; its proxy must be an `http://` one. Default:
    none, so they leave directly.
    """
    morning_heartbeat_url: str | None = field(default=None, repr=False)
    """An outside address that is asked each morning with the result (`?result=ok`, `attention` or `failed`), so
    that a machine that is dead is noticed there. Default: none.
    """
    alarm_to: tuple[str, ...] = field(default=(), repr=False)
    """To whom alarms go at once: addresses as in `LETAPIS_MORNING_TO`. Default: the same ones. Workers need it."""

    replay_url: str | None = None
    """The address at which browsers reach the replay host, where archived pages are shown as pages: `https://` and
    a host name of its own, on which nothing else is served. Default: `http://replay.localhost` and the port, which
    browsers on the machine itself find.
    """
    replay_port: int | None = None
    """The port on loopback where the replay host answers. Default: any free one, and the same one again at each
    later start.
    """
    replay_key: Path | None = None
    """The file of the key with which the pages let somebody in at the replay host. The API server and the replay
    host need the same one. Default: `keys/replay.key` in the data folder, where `letapis up` and `letapis prepare`
    make it.
    """

    workers: int = 2
    """How many on-demand workers (`letapis worker`) `letapis up` starts on its machine. Each keeps about 350 MB of
    memory, 300 MB more once somebody wanted a browser, and has what people request within seconds; two suit two
    cores. Default: `2`. With `0`, Airflow's tasks fetch it, as they do where no worker lives.
    """

    connect_to: tuple[str, ...] = ()
    """Where host names lead instead, as in curl: `H1:P1:H2:P2`."""
    allow_addresses: tuple[str, ...] = ()
    """Networks (CIDR) that crawls may reach besides public addresses."""
    upstream_ca: Path | None = None
    """A certificate authority that sites may use besides the public ones. Default: none."""
    chromium: Path | None = None
    """The program of the browser. Default: the one that Playwright installed, else the one of the system."""
    time_authorities: tuple[str, ...] = ()
    """Time authorities (RFC 3161) that stamp the head of custody: `URL` or `URL|FILE`."""
    renew_time_days: int = 180
    """How many days before its certificate or an algorithm ends a time token is renewed."""
    algorithms_until: Mapping[str, datetime] = field(default_factory=dict)
    """Until when algorithms of time tokens are trusted: `NAME=YYYY-MM-DD` pairs, each name one of `sha256`,
    `sha512`, `rsa-2048` and so on, `ecdsa-256` and so on. Default: none is known to end.
    """
    time_servers: tuple[str, ...] = ()
    """Time servers (SNTP), `HOST` or `HOST:PORT`, against which the clock is measured at the start and the end of
    a crawl and at each deposit. Default: none; then chrony is asked, where it runs on this machine, and without it
    custody says that the clock was not measured.
    """
    own_address_url: str | None = None
    """A page that answers with the address its visitor comes from, as text or JSON. Each crawl asks it once, by
    the egress profile of the source, and custody keeps the address. Default: none, so that nobody is asked and
    custody says that the address is not known.
    """
    egress: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Proxy addresses by the name of the egress profile: `socks5://` or `http://`, then
    `[user:password@]host:port`. They may hold passwords. Default: none, so crawls connect directly.
    """
    user_agent: str = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    )
    """The user agent that sites see."""
    collector: str = "collector-1"
    """The pseudonym of this collector in WARC files."""

    @property
    def spool_dir(self) -> Path:
        """Where crawls write their WARC files until these are deposited."""
        return self.data / "spool"

    @property
    def receiving_dir(self) -> Path:
        """Where files that people bring are sealed, on the disk of the spool, until they are whole."""
        return self.data / "receiving"

    @property
    def search_folder(self) -> Path:
        """Where this host has its search index."""
        return self.search_index or self.data / "search"

    @property
    def alarms_to(self) -> tuple[str, ...]:
        """Who gets alarms."""
        return self.alarm_to or self.morning_to

    @property
    def sealing_keys_file(self) -> Path:
        """Where the sealing keys are."""
        return self.sealing_keys or self.data / "keys" / "sealing.keys"

    @property
    def log_key_file(self) -> Path:
        """Where the log's signing key is, or the last signed checkpoint of a key that is in a token."""
        return self.log_key or self.data / "keys" / "log.key"

    @property
    def package_key_file(self) -> Path:
        """Where the key that signs packages is."""
        return self.package_key or self.data / "keys" / "package.key"

    @property
    def login_folder(self) -> Path:
        """Where login profiles are."""
        return self.login_profiles or self.data / "login"

    @property
    def login_keys_file(self) -> Path:
        """Where the keys of login profiles are."""
        return self.login_keys or self.data / "keys" / "login.keys"

    @property
    def packages_folder(self) -> Path:
        """Where packages lie that were ordered on the page Hand over."""
        return self.packages or self.data / "packages"

    @property
    def validation_report_file(self) -> Path:
        """Where the validation report of this version is."""
        return self.validation_report or ROOT / "validation-report.json"

    @property
    def replay_key_file(self) -> Path:
        """Where the key of the replay host is."""
        return self.replay_key or self.data / "keys" / "replay.key"

    @property
    def stack_file(self) -> Path:
        """Where the running services say how they are reached."""
        return self.data / "stack.json"

    @property
    def extension_folder(self) -> ExtensionFolder:
        """Where operators' own code comes from."""
        return ExtensionFolder(self.extensions)

    @property
    def egress_names(self) -> tuple[str, ...]:
        """Every egress profile there is."""
        return (DIRECT, *self.egress)

    def egress_url(self, profile: str | None) -> str | None:
        """The proxy's address of an egress profile, None for going directly; raises `SettingsError`."""
        if profile is None or profile == DIRECT:
            return None
        if profile not in self.egress:
            known = ", ".join(self.egress_names)
            variable_of = f"{EGRESS_PREFIX}{profile.upper()}"
            raise SettingsError((f"No egress profile {profile!r} is known: set {variable_of}. Known: {known}.",))
        return self.egress[profile]

    def store(self) -> StoreAccess:
        """The object store; raises `SettingsError` that names what is missing."""
        given = ("s3_endpoint", "s3_access_key", "s3_secret_key", "lock_mode", "lock_days")
        values = self._all_of("object store", *given)
        return StoreAccess(
            endpoint=values["s3_endpoint"],
            bucket=self.s3_bucket,
            access_key=values["s3_access_key"],
            secret_key=values["s3_secret_key"],
            region=self.s3_region,
            lock_mode=values["lock_mode"],
            lock_days=values["lock_days"],
        )

    def replica(self) -> StoreAccess | None:
        """The second store, None where none is named; raises `SettingsError` where only a part of it is."""
        given = tuple(
            f"replica_{name}" for name in ("endpoint", "access_key", "secret_key", "lock_mode", "lock_days")
        )
        if all(getattr(self, name) is None for name in given):
            return None
        values = self._all_of("replica", *given)
        if (self.replica_endpoint, self.replica_bucket) == (self.s3_endpoint, self.s3_bucket):
            same = f"{self.s3_endpoint}, bucket {self.s3_bucket}"
            raise SettingsError((f"The replica must be another store than the first: both are {same}.",))
        return StoreAccess(
            endpoint=values["replica_endpoint"],
            bucket=self.replica_bucket,
            access_key=values["replica_access_key"],
            secret_key=values["replica_secret_key"],
            region=self.replica_region,
            lock_mode=values["replica_lock_mode"],
            lock_days=values["replica_lock_days"],
        )

    def database(self) -> DatabaseAccess:
        """The database; raises `SettingsError` that names what is missing."""
        values = self._all_of("database", "database_writer_url", "database_reader_url")
        return DatabaseAccess(
            values["database_writer_url"], values["database_reader_url"], access_url=self.database_access_url
        )

    def database_owner(self) -> str:
        """The address of the database as its owner, who alone makes and changes tables; raises `SettingsError`.

        Only `letapis up` and `letapis prepare` ask for it: a worker that lacks it cannot touch the ledger's past.
        """
        values = self._all_of("database", "database_url", "database_writer_url", "database_reader_url")
        return str(values["database_url"])

    def airflow(self) -> AirflowAccess:
        """The running Airflow; raises `SettingsError` that names what is missing."""
        values = self._all_of("Airflow", "airflow_url", "airflow_user", "airflow_password")
        return AirflowAccess(
            url=values["airflow_url"],
            user=values["airflow_user"],
            password=values["airflow_password"],
            stack_process=self.airflow_process,
        )

    def _all_of(self, what: str, *names: str) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in names}
        missing = [variable(name) for name, value in values.items() if value is None]
        if len(missing) == len(names):
            raise SettingsError((f"No {what} is known: {self._how_to_start(', '.join(missing))}",))
        if missing:
            raise SettingsError((f"The {what} is known only in part: set {', '.join(missing)} as well.",))
        return values

    def _how_to_start(self, missing: str) -> str:
        """Who has tried the demo asks the demo: a stack of their own would be another one, and empty."""
        demo = demo_folder(self.data)
        if demo == self.data:
            return f"the demo's stack over {demo} is down. Start it with `make demo`, which stays until Ctrl-C."
        here = f"no stack runs over {self.data}. Start the embedded one with `letapis up`, or set {missing}."
        with suppress(SettingsError):  # another user's demo is none that could be asked
            if _read_stack(replace(self, data=demo).stack_file, {}):
                return f"{here} The demo's stack runs; to ask that: export LETAPIS_DATA={shlex.quote(str(demo))}"
            if is_demo_folder(demo):
                return f"{here} The demo's archive can be asked while `make demo` runs."
        return here


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"LETAPIS_{name.upper()}"


def load_settings(
    env: Mapping[str, str] | None = None, *, dotenv: Path = ROOT / ".env", running_stack: bool = True
) -> Settings:
    """Read the settings of this process; ``env`` stands for `os.environ`, an empty variable for an absent one.

    Without ``running_stack``, what a running stack has written is left out: so asks who is about to start one.
    """
    written, problems_there = read_dotenv(dotenv)
    variables = {name: value for name, value in (os.environ if env is None else env).items() if value.strip()}
    values, problems = _read_variables(written | variables)
    stack_file = Settings(data=values["data"]).stack_file if "data" in values else Settings().stack_file
    of_stack = _read_stack(stack_file, values) if running_stack else {}
    egress = {**of_stack.get("egress", {}), **values.get("egress", {})}
    values = of_stack | values | ({"egress": egress} if egress else {})
    if problems_there or problems:
        raise SettingsError((*problems_there, *problems))
    return Settings(**values)


def _read_variables(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    names = {variable(each.name): each.name for each in fields(Settings) if each.name not in NOT_VARIABLES}
    values: dict[str, Any] = {}
    problems: list[str] = []
    profiles, problems_of_profiles = egress_profiles(given)
    if profiles:
        values["egress"] = profiles
    for key, name in names.items():
        raw = given.get(key, "").strip()
        if not raw:
            continue
        try:
            values[name] = READERS.get(name, str)(raw)
        except ValueError as wanted:
            shown = "(not shown)" if name.endswith(("key", "password", "token", "url", "_to")) else repr(raw)
            problems.append(f"{key}: expected {wanted}, found {shown}.")
    return values, [*problems, *problems_of_profiles]


def _read_stack(stack_file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the embedded services, without the groups that the operator placed elsewhere."""
    try:
        content = json.loads(stack_file.read_text("utf-8"))
        process, written = content["process"], content["settings"]
        runs = process_started_at(process["pid"]) == process["started_at"]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as problem:
        how = "run this as the user whose it is, or set LETAPIS_DATA to a folder of your own"
        raise SettingsError((f"{stack_file}: closed to this user; {how}.",)) from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SettingsError(
            (f"{stack_file}: cannot be read ({problem}); stop the stack and start it again with `letapis up`.",)
        ) from problem
    if not runs:
        return {}  # left by a stack that was killed
    elsewhere = {
        name
        for first, rest in GROUPS.items()
        if first in given and given[first] != written.get(first)
        for name in (first, *rest)
    }
    known = {each.name for each in fields(Settings)}
    texts = {name: value for name, value in written.items() if name in known - elsewhere and value is not None}
    return {name: _from_json(name, value) for name, value in texts.items()}


def process_started_at(pid: int) -> int | None:
    """When a process was started (clock ticks since boot: `proc(5)`, field 22), None if there is none.

    With the process id it names one process, although ids are given anew.
    """
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _from_json(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return READERS[name](value) if isinstance(value, str) and name in READERS else value
