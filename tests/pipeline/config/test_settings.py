"""Settings: who wins, what is refused, and that a stack's own values never mix with an operator's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from pipeline.config.settings import ROOT, Settings, SettingsError, load_settings
from pipeline.config.start import misspelt
from pipeline.devstack.data_folder import write_stack_file

EMBEDDED = {
    "s3_endpoint": "http://127.0.0.1:20001",
    "s3_access_key": "EMBEDDED",
    "s3_secret_key": "embedded secret",
    "lock_mode": "governance",
    "lock_days": 1,
    "database_url": "postgresql+psycopg2://letapis_owner:pw@/letapis?host=/s",
    "database_writer_url": "postgresql+psycopg2://letapis_writer:pw@/letapis?host=/s",
    "database_reader_url": "postgresql+psycopg2://letapis_reader:pw@/letapis?host=/s",
    "database_access_url": "postgresql+psycopg2://letapis_access:pw@/letapis?host=/s",
    "connect_to": ("::127.0.0.1:8443",),
    "upstream_ca": Path("/authority.pem"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def running_stack(data: Path) -> Settings:
    """A stack.json as a living process, this one, has written it."""
    data.mkdir()
    settings = replace(Settings(data=data), **EMBEDDED)  # type: ignore[arg-type]  # one dict of several types
    write_stack_file(settings)
    return settings


def load(data: Path, dotenv: Path | None = None, **variables: str) -> Settings:
    return load_settings({"LETAPIS_DATA": str(data), **variables}, dotenv=dotenv or data / "no.env")


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings({}, dotenv=tmp_path / "no.env", running_stack=False)

    assert settings == Settings()
    assert settings.data == ROOT / ".letapis"
    assert settings.spool_dir == ROOT / ".letapis" / "spool"


def test_what_a_running_stack_wrote_is_read_back_whole(data: Path, running_stack: Settings) -> None:
    assert load(data) == running_stack


def test_the_stack_file_is_for_its_owner_alone(running_stack: Settings) -> None:
    assert running_stack.stack_file.stat().st_mode & 0o777 == 0o600


def test_who_starts_a_stack_does_not_take_the_old_one_for_an_outside_store(
    data: Path, running_stack: Settings
) -> None:
    assert load_settings({"LETAPIS_DATA": str(data)}, running_stack=False).s3_endpoint is None


def test_a_stack_file_of_a_process_that_is_gone_says_nothing(data: Path, running_stack: Settings) -> None:
    content = json.loads(running_stack.stack_file.read_text())
    content["process"]["started_at"] -= 1  # the same process id, given to an older process
    running_stack.stack_file.write_text(json.dumps(content))

    assert load(data) == Settings(data=data)


def test_variable_wins_over_dotenv_and_dotenv_over_the_stack(
    data: Path, running_stack: Settings, tmp_path: Path
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text('# ours\nLETAPIS_LOCK_DAYS=30\nexport LETAPIS_COLLECTOR="night, one"\n')

    assert load(data).lock_days == 1
    assert load(data, dotenv).lock_days == 30
    assert load(data, dotenv, LETAPIS_LOCK_DAYS="365").lock_days == 365
    assert load(data, dotenv, LETAPIS_LOCK_DAYS="").lock_days == 30
    assert load(data, dotenv).collector == "night, one"


def test_an_outside_store_is_not_completed_with_the_embedded_stores_key(
    data: Path, running_stack: Settings
) -> None:
    settings = load(data, LETAPIS_S3_ENDPOINT="https://s3.example.org/")

    assert (settings.s3_endpoint, settings.s3_access_key, settings.lock_mode) == (
        "https://s3.example.org",
        None,
        None,
    )
    assert settings.database_url == EMBEDDED["database_url"]
    with pytest.raises(
        SettingsError, match=r"only in part: set LETAPIS_S3_ACCESS_KEY, .*LETAPIS_LOCK_DAYS as well"
    ):
        settings.store()


def test_nothing_known_says_how_to_start_it(data: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"Start the embedded one with `letapis up`, or set LETAPIS_DATABASE_WRITER_URL"
    ):
        load(data).database()


def test_every_mistake_is_listed_and_no_secret_shown(data: Path, tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("LETAPIS_LOCK_MODE=forever\nnonsense\n")

    with pytest.raises(SettingsError) as refused:
        load(data, dotenv, LETAPIS_AIRFLOW_PORT="80800", LETAPIS_DATABASE_URL="mysql://me:secret@db/x")

    assert refused.value.problems == (
        f"{dotenv}, line 2: expected NAME=value.",
        "LETAPIS_LOCK_MODE: expected one of governance, compliance, found 'forever'.",
        "LETAPIS_DATABASE_URL: expected an address that begins with postgresql://, found (not shown).",
        "LETAPIS_AIRFLOW_PORT: expected a port number up to 65535, or 0 for any free one, found '80800'.",
    )


def test_an_address_without_a_driver_gets_the_one_that_is_installed(data: Path) -> None:
    access = load(
        data,
        LETAPIS_DATABASE_WRITER_URL="postgresql://w@db.example/x",
        LETAPIS_DATABASE_READER_URL="postgresql+psycopg2://r@db.example/x",
    ).database()

    assert access.writer_url == "postgresql+psycopg2://w@db.example/x"
    assert create_engine(access.writer_url).driver == create_engine(access.reader_url).driver == "psycopg2"


def test_relative_folders_are_meant_from_the_project_wherever_the_command_is_called(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load_settings({"LETAPIS_DATA": "elsewhere"}, running_stack=False).data == ROOT / "elsewhere"
    assert load(data, LETAPIS_WATCHLIST="~/mine.yaml").watchlist == Path("~/mine.yaml").expanduser().resolve()


def test_lists_are_separated_by_commas_or_spaces(data: Path) -> None:
    settings = load(data, LETAPIS_ALLOW_ADDRESSES="127.0.0.0/8, 10.0.0.0/8", LETAPIS_CONNECT_TO="::127.0.0.1:8443")

    assert settings.allow_addresses == ("127.0.0.0/8", "10.0.0.0/8")
    assert settings.connect_to == ("::127.0.0.1:8443",)


def test_egress_profiles_are_declared_by_name(data: Path) -> None:
    settings = load(
        data,
        LETAPIS_EGRESS_TOR="socks5h://127.0.0.1:9050",
        LETAPIS_EGRESS_Office_2="http://me:p%40ss@proxy.example:3128/",
        LETAPIS_EGRESS_UNUSED=" ",
    )
    assert settings.egress == {
        "office_2": "http://me:p%40ss@proxy.example:3128",
        "tor": "socks5://127.0.0.1:9050",
    }
    assert settings.egress_names == ("direct", "office_2", "tor")
    assert [settings.egress_url(name) for name in (None, "direct", "tor")] == [
        None,
        None,
        "socks5://127.0.0.1:9050",
    ]


def test_a_profile_nobody_declared_is_an_error_and_never_a_way(data: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"No egress profile 'tor' is known: set LETAPIS_EGRESS_TOR\. Known: dir"
    ):
        load(data).egress_url("tor")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:9050",
        "socks5://127.0.0.1",
        "socks4://127.0.0.1:9050",
        "https://proxy.example:443",
        "http://proxy.example:3128/path",
        "http://me@proxy.example:3128",
        "socks5://me:secret@proxy.example:999999",
    ],
)
def test_an_address_that_is_no_proxys_is_a_mistake_that_shows_no_secret(data: Path, address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(data, LETAPIS_EGRESS_TOR=address)
    (problem,) = refused.value.problems
    assert problem == (
        "LETAPIS_EGRESS_TOR: expected socks5://[user:password@]host:port or http://[user:password@]host:port, "
        "found (not shown)."
    )


@pytest.mark.parametrize("name", ["DIRECT", "NO-NAME", "ŁÓDŹ", ""])
def test_a_profile_needs_a_name_of_its_own(data: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="expected a name of letters, digits and _ that is not 'direct'"):
        load(data, None, **{f"LETAPIS_EGRESS_{name}": "socks5://127.0.0.1:9050"})


def test_passwords_of_profiles_are_not_shown_with_the_settings(data: Path) -> None:
    assert "hidden" not in repr(load(data, LETAPIS_EGRESS_TOR="socks5://me:hidden@127.0.0.1:9050"))


def test_a_profile_of_this_shell_stands_beside_those_of_the_running_stack(data: Path) -> None:
    data.mkdir()
    write_stack_file(Settings(data=data, egress={"tor": "socks5://a:1", "office": "http://b:2"}))
    told = load(data, LETAPIS_EGRESS_TOR="socks5://c:3").egress
    assert told == {"tor": "socks5://c:3", "office": "http://b:2"}


def test_who_has_tried_the_demo_is_led_to_the_demo_and_not_to_an_empty_stack(tmp_path: Path) -> None:
    data, demo = tmp_path / "data", tmp_path / "data" / "demo"
    (demo / "sites").mkdir(parents=True)
    write_stack_file(replace(Settings(data=demo), **EMBEDDED))  # type: ignore[arg-type]  # one dict of several types
    with pytest.raises(
        SettingsError, match=rf"no stack runs over {data}.*demo's stack runs.*LETAPIS_DATA={demo}$"
    ):
        load_settings({"LETAPIS_DATA": str(data)}).database()
    assert load_settings({"LETAPIS_DATA": str(demo)}).database().reader_url == EMBEDDED["database_reader_url"]


def test_a_demo_that_was_stopped_is_said_to_be_down(tmp_path: Path) -> None:
    data, demo = tmp_path / "data", tmp_path / "data" / "demo"
    (demo / "sites").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"The demo's archive can be asked while `make demo` runs\.$"):
        load_settings({"LETAPIS_DATA": str(data)}).database()
    with pytest.raises(SettingsError, match=rf"the demo's stack over {demo} is down\. Start it with `make demo`"):
        load_settings({"LETAPIS_DATA": str(demo)}).database()


@pytest.mark.parametrize("named", ["extensions", "./extensions", "/srv/../extensions"])
def test_the_folder_of_extensions_is_named_in_full(data: Path, named: str) -> None:
    with pytest.raises(SettingsError, match="LETAPIS_EXTENSIONS: expected the absolute path of a folder"):
        load(data, LETAPIS_EXTENSIONS=named)
    assert load(data, LETAPIS_EXTENSIONS="/srv/extensions").extension_folder.path == Path("/srv/extensions")
    assert load(data).extension_folder.path is None


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("LETAPIS_S3_BUCKET", "My_Bucket", "3 to 63 of the characters a-z, 0-9, - and ."),
        ("LETAPIS_S3_ENDPOINT", "https://", "an address that begins with http:// or https://"),
        ("LETAPIS_AIRFLOW_URL", "http://127.0.0.1:99999", "an address that begins with http:// or https://"),
        ("LETAPIS_REPLICA_REGION", "eu central", "a name without spaces"),
        ("LETAPIS_USER_AGENT", "Mozilla\r\nX-Operator: me", "one line of text, without control characters"),
        ("LETAPIS_LOGS_AS", "yaml", "text or json"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_at_the_start(
    data: Path, name: str, value: str, wanted: str
) -> None:
    with pytest.raises(SettingsError) as problem:
        load_settings({"LETAPIS_DATA": str(data), name: value}, dotenv=data / "no.env")

    assert str(problem.value).startswith(f"{name}: expected {wanted}")


def test_a_misspelt_variable_is_named_and_one_of_others_is_not() -> None:
    names = ["LETAPIS_S3_BUKET", "LETAPIS_S3_BUCKET", "LETAPIS_ROOT", "LETAPIS_IMAGE", "LETAPIS_EGRESS_OFICE"]

    assert list(misspelt(names)) == [
        "LETAPIS_S3_BUKET: no setting has this name, so nothing reads it; LETAPIS_S3_BUCKET is one."
    ]


def test_no_secret_stands_in_what_python_shows_of_the_settings(running_stack: Settings, data: Path) -> None:
    settings = replace(running_stack, airflow_password="airflow-2f7d9s", s3_secret_key="embedded secret")

    assert [word for word in ("airflow-2f7d9s", "embedded secret", ":pw@") if word in repr(settings)] == []
    assert "embedded secret" not in repr(settings.store())
    assert ":pw@" not in repr(settings.database())
