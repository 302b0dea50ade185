"""The command that makes and looks after logged-in profiles: `login`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail, print_progress

if TYPE_CHECKING:
    from crawlers.model.login import LoginSign
    from pipeline.config.settings import Settings
    from pipeline.login.browser_login import Credentials, LoginBrowser
    from pipeline.login.profiles import LoginProfile, ProfileStore

MOST_CREDENTIAL_BYTES: Final = 4096


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(login)


def login(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The profile, as `profile: NAME` in the watch-list names it."),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="The page at which to log in.")] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="LABEL", help="Your label of the virtual identity; custody names it."),
    ] = None,
    sign: Annotated[
        str | None,
        typer.Option("--sign", metavar="CSS", help="What only those see who are logged in, as a CSS selector."),
    ] = None,
    sign_text: Annotated[
        str | None, typer.Option("--sign-text", metavar="TEXT", help="The same as a text on the page.")
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option("--form", metavar="FILE", help="Fill in the form that this YAML file describes, unseen."),
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials", metavar="FILE", help="User name and password, a line each, instead of a prompt."
        ),
    ] = None,
    egress: Annotated[
        str | None,
        typer.Option("--egress", metavar="NAME", help="The egress profile by which the site is reached."),
    ] = None,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Show the browser on a page of this machine, as is done without a display."),
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="The port of that page, for a tunnel; 0 takes a free one.")
    ] = 0,
    listed: Annotated[bool, typer.Option("--list", help="List the profiles.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Look whether the site still knows the profile. Exit code 3 if not.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the profile.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Log in at a site in a browser, and keep what the browser then holds as a sealed profile for crawls.

    A window opens, and closes once the page shows the sign of a login; without a display, the browser is shown on
    a page of this machine alone, whose link works once. With --form nobody has to look. Nothing of it is recorded,
    and user name and password are kept nowhere. Crawls never change a profile: log in anew, or --check.
    """
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.login.profiles import ProfileError, ProfileStore

    try:
        settings = load_settings(running_stack=False)
        settings.egress_url(egress)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    store = ProfileStore(settings.login_folder, settings.login_keys_file)
    if sum((listed, check, forget)) > 1:
        raise fail("Expected one of --list, --check and --forget. Nothing was done.", Exit.WRONG_USE)
    try:
        if listed or (name is None and not check and not forget):
            if emit((row_of(each) for each in store.profiles()), as_json=as_json, human=describe_profile) == 0:
                err.print(f"No login profiles are in {store.folder}.", markup=False)
            return
        if name is None:
            raise fail("Expected the name of a profile. Nothing was done.", Exit.WRONG_USE)
        if forget:
            store.forget(name)
            err.print(
                f"The profile {name} is gone. The site may still hold the session: end it there.", markup=False
            )
            return
        if check:
            _check(settings, store, name, as_json=as_json)
            return
        made = _made(
            settings, store, name, url, identity, _sign(sign, sign_text), form, credentials, egress, stream, port
        )
    except ProfileError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    emit([row_of(made, logged_in=True)], as_json=as_json, human=describe_profile)


def row_of(profile: LoginProfile, *, logged_in: bool | None = None) -> dict[str, Any]:
    """The profile as it may be shown; ``logged_in`` is None where nobody looked."""
    return {"kind": "login_profile", **profile.as_json(), "logged_in": logged_in}


def describe_profile(row: Mapping[str, Any]) -> str:
    """A profile, for a terminal."""
    state = {True: "logged in", False: "NOT logged in any more", None: "not looked at"}[row["logged_in"]]
    by = "directly" if row["egress"] is None else f"by the egress profile {row['egress']}"
    return (
        f"{row['name']}: {row['identity']}, {state}\n  made at {row['made_at']} by {row['made_by']}, "
        f"{row['url']}, {by}\n  the sign is {row['sign']}; {row['cookies']} cookies, storage of "
        f"{', '.join(row['origins']) or 'no origin'}"
    )


def _sign(selector: str | None, text: str | None) -> LoginSign:
    from crawlers.model.login import LoginSign

    if not selector and not text:
        raise fail(
            "Expected --sign CSS or --sign-text TEXT: what a page shows to those alone who are logged in, such as "
            "the link that logs out. Without it a crawl could not notice that it is logged out. Nothing was done.",
            Exit.WRONG_USE,
        )
    return LoginSign(selector or None, text or None)


def _made(
    settings: Settings,
    store: ProfileStore,
    name: str,
    url: str | None,
    identity: str | None,
    sign: LoginSign,
    form: Path | None,
    credentials: Path | None,
    egress: str | None,
    stream: bool,
    port: int,
) -> LoginProfile:
    import asyncio
    from datetime import UTC, datetime

    from pipeline.commands.current_user import current_user
    from pipeline.login.browser_login import (
        LoginFailed,
        has_display,
        login_by_form,
        login_by_hand,
        login_by_stream,
        read_form,
    )
    from pipeline.login.profiles import NAME, LoginProfile
    from processors.urls import absolute

    if url is None or absolute(url, url) != url:
        raise fail(
            "Expected --url with the page to log in at, https://host/path. Nothing was done.", Exit.WRONG_USE
        )
    if NAME.fullmatch(name) is None or not identity:
        raise fail(
            "Expected a NAME of a-z, 0-9, - and _, and --identity with your label of the virtual identity. "
            "Nothing was done.",
            Exit.WRONG_USE,
        )
    store.keys(make=True)  # what cannot be kept need not be logged in
    browser = _browser(settings, egress)
    try:
        if form is None and (stream or not has_display()):
            seen = asyncio.run(login_by_stream(browser, url, sign, port=port, on_progress=print_progress))
        elif form is None:
            seen = asyncio.run(login_by_hand(browser, url, sign, on_progress=print_progress))
        else:
            fields, typed = read_form(form), _credentials(credentials)
            print_progress(f"{url}: filling in the form ...")
            seen = asyncio.run(login_by_form(browser, url, sign, fields, typed))
    except LoginFailed as problem:
        raise fail(str(problem)) from problem
    made = LoginProfile(name, identity, url, sign, seen.url, datetime.now(UTC), current_user(), egress, seen.state)
    store.write(made)
    return made


def _check(settings: Settings, store: ProfileStore, name: str, *, as_json: bool) -> None:
    """Look, and keep what the site has renewed where it still knows the profile."""
    import asyncio
    from dataclasses import replace

    from pipeline.login.browser_login import LoginFailed, renewed_state

    profile = store.read(name)
    print_progress(f"{profile.url}: looking for {profile.sign} ...")
    browser = _browser(settings, profile.egress)
    try:
        state = asyncio.run(renewed_state(browser, profile.sign_url, profile.sign, profile.state))
    except LoginFailed as problem:
        raise fail(str(problem)) from problem
    if state is not None:
        profile = replace(profile, state=state)
        store.write(profile)
    emit([row_of(profile, logged_in=state is not None)], as_json=as_json, human=describe_profile)
    if state is None:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def _browser(settings: Settings, egress: str | None) -> LoginBrowser:
    from pipeline.chromium import HOW, find_chromium
    from pipeline.config.settings import SettingsError
    from pipeline.login.browser_login import LoginBrowser

    found = find_chromium(settings.chromium)
    if found is None:
        raise fail(HOW)
    try:
        return LoginBrowser(found.program, settings.user_agent, settings.egress_url(egress))
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem


def _credentials(path: Path | None) -> Credentials:
    """User name and password: from a file for its owner alone, or typed in; never from the command line."""
    from pipeline.login.browser_login import Credentials
    from storage.private_file import NotPrivateError, read_private_file

    if path is None:
        return Credentials(
            typer.prompt("User name", err=True), typer.prompt("Password", hide_input=True, err=True)
        )
    wanted = "two lines, user name and password, in a file of its owner alone"
    try:
        lines = read_private_file(path, MOST_CREDENTIAL_BYTES).decode("utf-8").splitlines()
    except NotPrivateError as problem:
        raise fail(f"{path}: {problem}. Nothing was done.", Exit.WRONG_USE) from problem
    except UnicodeDecodeError:
        raise fail(f"{path}: expected {wanted}, found other bytes. Nothing was done.", Exit.WRONG_USE) from None
    if len(lines) != 2 or not all(lines):
        raise fail(f"{path}: expected {wanted}, found {len(lines)} lines. Nothing was done.", Exit.WRONG_USE)
    return Credentials(lines[0], lines[1])
