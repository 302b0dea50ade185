"""Settings come back as they were given, and are never mixed with those of another store or database."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backup.variables import as_dotenv, given_variables, merged
from pipeline.config.parsing import read_dotenv
from pipeline.config.settings import load_settings

OF_STORE = {
    "LETAPIS_S3_ENDPOINT": "https://s3.example",
    "LETAPIS_S3_BUCKET": "evidence",
    "LETAPIS_S3_ACCESS_KEY": "daily",
    "LETAPIS_S3_SECRET_KEY": "secret",
}
OF_REPLICA = {name.replace("_S3_", "_REPLICA_"): value for name, value in OF_STORE.items()} | {
    "LETAPIS_REPLICA_ENDPOINT": "https://s3.other.example"
}


def test_settings_are_those_of_the_process_before_those_of_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("LETAPIS_COLLECTOR=first\nLETAPIS_LOCK_DAYS=30\nOTHER=x\n", "utf-8")
    env = {"LETAPIS_COLLECTOR": "second", "LETAPIS_EGRESS_TOR": "socks5://127.0.0.1:9050", "LETAPIS_STRICT": "1"}

    assert given_variables(env, dotenv=dotenv) == {
        "LETAPIS_COLLECTOR": "second",
        "LETAPIS_EGRESS_TOR": "socks5://127.0.0.1:9050",
        "LETAPIS_LOCK_DAYS": "30",
    }


def test_keys_for_purging_are_left_out() -> None:
    assert given_variables({"LETAPIS_S3_PURGE_ACCESS_KEY": "x", "LETAPIS_REPLICA_PURGE_SECRET_KEY": "y"}) == {}


def test_a_store_that_is_named_here_is_not_completed_from_the_backup() -> None:
    elsewhere = {"LETAPIS_S3_ENDPOINT": "https://new.example", "LETAPIS_S3_ACCESS_KEY": "mine"}

    assert merged(OF_STORE | {"LETAPIS_COLLECTOR": "c"}, elsewhere) == {**elsewhere, "LETAPIS_COLLECTOR": "c"}


def test_the_same_store_is_completed_from_the_backup() -> None:
    here = {"LETAPIS_S3_ENDPOINT": "https://s3.example", "LETAPIS_S3_ACCESS_KEY": "new"}

    assert merged(OF_STORE, here) == OF_STORE | here


def test_a_second_store_that_has_become_the_first_is_the_second_no_longer() -> None:
    first = {name.replace("_REPLICA_", "_S3_"): value for name, value in OF_REPLICA.items()}

    assert merged(OF_STORE | OF_REPLICA, first) == first


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).filter(
    lambda text: bool(text.strip())
)


@given(value=VALUES)
def test_a_value_is_read_from_the_file_as_it_was(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("dotenv") / ".env"
    file.write_text(as_dotenv({"LETAPIS_COLLECTOR": value}), "utf-8")

    assert read_dotenv(file) == ({"LETAPIS_COLLECTOR": value}, ())


def test_a_value_with_a_line_break_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="LETAPIS_USER_AGENT"):
        as_dotenv({"LETAPIS_USER_AGENT": "a\nb"})


def test_the_written_file_gives_the_same_settings(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    locks = {"LETAPIS_LOCK_MODE": "governance", "LETAPIS_LOCK_DAYS": "1"}
    file.write_text(as_dotenv(OF_STORE | locks), "utf-8")

    assert load_settings({}, dotenv=file, running_stack=False) == load_settings(
        OF_STORE | locks, dotenv=tmp_path / "none", running_stack=False
    )
