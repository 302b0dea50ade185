"""The command that opens what crawls with a login have kept out of the archive: `kept-apart`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(kept_apart)


def kept_apart(
    crawl_id: Annotated[
        str | None, typer.Argument(metavar="[CRAWL]", help="The id of a crawl; without it such crawls are listed.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Write it all to this new folder, secrets and all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List or open what a crawl with a login has kept out of the archive, for whoever has the keys of profiles.

    That is what shows a value of the login: covered values with the salts of their commitments, and answers,
    pictures, texts and files that repeat one. Without --to no body and no covered value is shown, but addresses as
    they came. Exit code 3 if something does not have the digest any more with which it was kept.
    """
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.login.opening import kept_crawls, things_of_crawl, write_things
    from pipeline.login.profiles import ProfileError, ProfileStore

    try:
        settings = load_settings(running_stack=False)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    store = ProfileStore(settings.login_folder, settings.login_keys_file)
    damaged: list[str] = []

    def rows() -> Iterator[dict[str, Any]]:
        if crawl_id is None:
            yield from (each.as_json() for each in kept_crawls(store))
            return
        found = things_of_crawl(store, crawl_id) if to is None else write_things(store, crawl_id, to)
        try:
            for thing in found:
                if thing.whole is False:
                    damaged.extend(thing.files or [f"row {thing.number}"])
                yield thing.as_json()
        except FileExistsError as problem:
            sentence = f"{to}: expected a folder that is not there yet. Nothing was written."
            raise fail(sentence, Exit.WRONG_USE) from problem
        except OSError as problem:
            raise fail(f"{to}: {problem.strerror}. What is there is not complete: remove it.") from problem

    if crawl_id is None and to is not None:
        raise fail("--to: expected the id of a crawl before it. Nothing was written.", Exit.WRONG_USE)
    try:
        printed = emit(rows(), as_json=as_json, human=describe)
    except ProfileError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    if not printed:
        of = "any crawl" if crawl_id is None else f"crawl {crawl_id}"
        err.print(f"Nothing of {of} is kept apart in {store.folder}.", markup=False)
    elif to is not None:
        err.print(f"{to} holds values of the login now: remove the folder when you have looked.", markup=False)
    if damaged:
        raise fail(
            f"{', '.join(damaged)}: not the bytes that were kept, by their digests. The others are.",
            Exit.SOURCES_FAILED,
        )


def describe(row: Mapping[str, Any]) -> str:
    """A crawl, or a thing that it has kept apart, for a terminal."""
    if row["kind"] == "kept_crawl":
        return f"{row['crawl_id']}: of {row['began_at']}, {row['sealed_bytes']:,} bytes sealed"
    what = row["what"] if row["name"] is None else f"{row['what']} {row['name']}"
    size = f"{row['values']} covered values" if row["what"] == "redacted" else f"{row['length_bytes']:,} bytes"
    lines = [f"{row['number']}. {what}, {size}" + ("" if row["at"] is None else f", {row['at']}")]
    lines += [f"   {row[key]}" for key in ("url", "reason") if row[key] is not None]
    if row["files"]:
        state = {True: ", with the digest that was noted", False: ", NOT with the digest that was noted", None: ""}
        lines.append(f"   {', '.join(row['files'])}{state[row['whole']]}")
    return "\n".join(lines)
