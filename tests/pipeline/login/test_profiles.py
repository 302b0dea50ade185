"""Login profiles: made at a site's form by the command itself, sealed, checked and forgotten."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.model.login import LoginSign
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from pipeline.login import browser_login, profiles
from pipeline.login.browser_login import Credentials, LoginBrowser, LoginFailed, LoginForm, login_by_form
from pipeline.login.loan import LENT_BY, lend, loan_in_memory, take_loan
from pipeline.login.profiles import LoginProfile, ProfileError, ProfileStore
from pipeline.output import Exit
from tests.pipeline.login.login_site import PASSWORD, USER, LoginSite, login_site

FORM = "user: input[name=user]\npassword: input[name=password]\nsubmit: button\n"

SIGN = LoginSign(selector="#logout")


def profile(name: str = "board", value: str = "s3cret-value-0815") -> LoginProfile:
    state = {"cookies": [{"name": "session", "value": value}], "origins": []}
    made = (datetime.now(UTC), "ann", None)
    return LoginProfile(name, "Rehearsal 3", "https://board.test/", SIGN, "https://board.test/me", *made, state)


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "login", tmp_path / "keys" / "login.keys")


def test_what_is_written_is_read_again_and_shows_nothing_on_disk_or_in_words(store: ProfileStore) -> None:
    path = store.write(profile())

    assert store.read("board") == profile_like(store.read("board"))
    assert store.read("board").state["cookies"][0]["value"] == "s3cret-value-0815"
    assert b"s3cret" not in path.read_bytes()
    assert b"Rehearsal" not in path.read_bytes()
    assert "s3cret" not in repr(store.read("board"))
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, store.keys_file)] == [0o600, 0o600]
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def profile_like(found: LoginProfile) -> LoginProfile:
    return LoginProfile(
        **{**{name: getattr(profile(), name) for name in profile().__slots__}, "made_at": found.made_at}
    )


def test_one_profile_cannot_take_the_place_of_another(store: ProfileStore) -> None:
    store.write(profile("one"))
    (store.folder / "one.profile").rename(store.folder / "two.profile")

    with pytest.raises(ProfileError, match=r"Login profile two, .*: it is not what the key"):
        store.read("two")


def test_a_profile_opens_with_its_own_keys_alone(store: ProfileStore, tmp_path: Path) -> None:
    store.write(profile())
    other = ProfileStore(store.folder, tmp_path / "other.keys")
    other.keys(make=True)

    with pytest.raises(ProfileError, match=r"its sealing key [0-9a-f]{16} is not here"):
        other.read("board")


@pytest.mark.parametrize("name", ["../board", "Board", "", "-x", "a" * 65, "a/b"])
def test_a_name_is_no_path(store: ProfileStore, name: str) -> None:
    with pytest.raises(ProfileError, match="expected a-z"):
        store.read(name)


def test_keys_that_others_may_read_are_refused(store: ProfileStore) -> None:
    store.write(profile())
    store.keys_file.chmod(0o644)

    with pytest.raises(ProfileError, match="mode 0644"):
        store.read("board")


def test_a_loan_is_taken_once_and_leaves_nothing_in_the_memory_others_have_open(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(profile())
    loan = lend(store, store.read("board"), "crawl", egress=None)

    with loan_in_memory(loan) as ((descriptor,), variables):
        monkeypatch.setenv(LENT_BY, str(os.dup(descriptor)))
        assert list(variables) == [LENT_BY]
        assert take_loan() == loan
        assert os.fstat(descriptor).st_size == 0
        assert take_loan() is None


def test_a_profile_that_could_not_be_read_again_takes_no_earlier_ones_place(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(profile())
    monkeypatch.setattr(profiles, "MOST_BYTES", 1000)

    with pytest.raises(ProfileError, match="expected at most 1,000 bytes"):
        store.write(profile(value="x" * 1000))
    assert store.read("board").state == profile().state


def test_what_is_forgotten_is_gone(store: ProfileStore) -> None:
    store.write(profile())
    store.forget("board")

    assert store.names() == ()
    with pytest.raises(ProfileError, match="found nothing to forget"):
        store.forget("board")


class Commands:
    """`letapis login` in processes of their own, with a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        (folder / "form.yaml").write_text(FORM, "utf-8")
        self.write_credentials(PASSWORD)

    def write_credentials(self, password: str) -> None:
        path = self.folder / "credentials"
        path.write_text(f"{USER}\n{password}\n", "utf-8")
        path.chmod(0o600)

    def run(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
        ran = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "login", *arguments, "--json"],
            env={**kept, "LETAPIS_DATA": str(self.data)},
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr

    def log_in(self, site: LoginSite, *more: str) -> tuple[int, list[dict[str, Any]], str]:
        form = ("--form", str(self.folder / "form.yaml"), "--credentials", str(self.folder / "credentials"))
        who = ("--url", f"{site.url}/login", "--identity", "Rehearsal 3", "--sign", "#logout")
        return self.run("board", *who, *form, *more)


@pytest.fixture(scope="module")
def site() -> Iterator[LoginSite]:
    with login_site() as served:
        yield served


@pytest.mark.slow
def test_a_form_is_filled_in_and_the_profile_knows_the_site_until_it_is_logged_out(
    site: LoginSite, tmp_path: Path
) -> None:
    commands = Commands(tmp_path)

    code, rows, err = commands.log_in(site)
    assert code == Exit.DONE, err
    assert [(row["name"], row["identity"], row["cookies"], row["logged_in"]) for row in rows] == [
        ("board", "Rehearsal 3", 2, True)
    ]
    store = ProfileStore(commands.data / "login", commands.data / "keys" / "login.keys")
    made = store.read("board")
    assert {each["name"] for each in made.state["cookies"]} == {"session", "visit"}
    assert made.state["origins"][0]["localStorage"] == [{"name": "device", "value": site.device}]
    kept = b"".join(path.read_bytes() for path in commands.data.rglob("*") if path.is_file())
    assert [each for each in (*site.secrets(), USER.encode()) if each in kept] == []

    assert commands.run("board", "--check")[0] == Exit.DONE
    assert [row["name"] for row in commands.run("--list")[1]] == ["board"]
    before = (store.folder / "board.profile").read_bytes()
    site.log_out()
    code, rows, _ = commands.run("board", "--check")
    assert (code, rows[0]["logged_in"]) == (Exit.SOURCES_FAILED, False)
    assert (store.folder / "board.profile").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(("password", "field"), [("wrong-4711", "password"), (PASSWORD, "no-such-field")])
def test_a_login_that_fails_quotes_nothing_that_was_typed(
    site: LoginSite, monkeypatch: pytest.MonkeyPatch, password: str, field: str
) -> None:
    monkeypatch.setattr(browser_login, "FORM_S", 1.0)
    found = find_chromium(Settings().chromium)
    assert found is not None
    browser, form = LoginBrowser(found.program, "any"), LoginForm("[name=user]", f"[name={field}]", "button")

    with pytest.raises(LoginFailed, match="profile was written") as failed:
        login = login_by_form(browser, f"{site.url}/login", SIGN, form, Credentials(USER, password))
        asyncio.run(login)

    assert password not in str(failed.value)
    assert failed.value.__cause__ is None


def test_what_is_missing_is_named_before_anything_is_opened(tmp_path: Path) -> None:
    commands = Commands(tmp_path)

    assert "--sign" in commands.run("board")[2]
    assert "--url" in commands.run("board", "--sign", "#x")[2]
    assert "--identity" in commands.run("board", "--sign", "#x", "--url", "https://board.test/")[2]
    assert commands.run("nobody", "--check")[0] == Exit.WRONG_USE
    (tmp_path / "credentials").chmod(0o644)
    form = ("--form", str(tmp_path / "form.yaml"), "--credentials", str(tmp_path / "credentials"))
    refused = commands.run("b", "--sign", "#x", "--url", "https://board.test/", "--identity", "x", *form)
    assert "mode 0644" in refused[2]
