"""Commands about similar media: `similar` finds them, `judge` stores the verdict of an analyst."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, err, fail
from processors.similarity.clustering import Verdict

if TYPE_CHECKING:
    from processors.digest import Digest

Medium = Annotated[str, typer.Argument(help="A medium: its sha256 digest, or a file with the same bytes.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(similar)
    app.command()(judge)


def similar(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An image or video.", exists=True, dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Find media of the archive that are similar to an image or video file."""
    from access.views.similar_media import similar_to_reading
    from processors.media.decoder_pool import Decoders

    with Decoders(workers=1) as decoders:
        reading = decoders.fingerprint(file.read_bytes())
    with archive_for_command() as archive:
        rows = similar_to_reading(archive, reading, file=str(file))
        count = emit(rows, as_json=as_json, human=describe_similar)
    if reading.refused:
        err.print(
            f"{file}: only exact copies were searched for, since the file was not decoded: {reading.refused}.",
            markup=False,
        )
    print_count(count, "match", "matches")


def judge(
    a: Medium,
    b: Medium,
    verdict: Annotated[Verdict, typer.Argument(help="What they show; undecided withdraws an earlier verdict.")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="The reason: what was compared and seen. It is stored permanently.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Store the verdict that two media show the same picture, or different ones. It outranks distances."""
    from access.views.judgements import judge_media
    from access.views.similar_media import verdict_row
    from storage.access_labels import Role, Viewer
    from storage.ledger.judgements import NO_REASON

    one, other = digest_of_argument(a), digest_of_argument(b)
    if not reason.strip():
        raise fail(NO_REASON, Exit.WRONG_USE)
    with archive_for_command() as archive:
        author = Viewer(current_user(), Role.COLLECTOR, every_label=True)
        judgement = judge_media(archive, one, other, verdict, author=author, reason=reason)
    row = {**verdict_row(judgement, one), "a": str(judgement.a), "b": str(judgement.b)}
    row["supersedes"] = judgement.supersedes
    emit([row], as_json=as_json, human=describe_judgement)


def digest_of_argument(argument: str) -> Digest:
    """The digest that an argument names, or that of the file it names."""
    from access.views.media import digest_of
    from processors.digest import sha256

    path = Path(argument)
    if path.is_file():
        return sha256(path.read_bytes())
    digest = digest_of(argument)
    if digest is None:
        raise fail(f"{argument}: expected sha256:<64 digits> or a file. Nothing was written.", Exit.WRONG_USE)
    return digest


def describe_similar(row: Mapping[str, Any]) -> str:
    """A match as a few lines: what it means, how far, where and when it was seen."""
    from access.rendering.formatting import format_percent, format_time_utc, format_timecode
    from access.rendering.stored_sentences import similarity_meaning

    lines = [f"{row['sha256']}  {similarity_meaning(row['meaning'])}"]
    if row["of_bits"]:
        lines.append(f"  {row['algorithm']}: {row['distance']} of {row['of_bits']} bits differ; {row['matched']}")
    if row["share_asked"] is not None:
        own, match = format_percent(row["share_asked"]), format_percent(row["share_found"])
        lines.append(f"  shared part: {own} of this file, {match} of the match")
    pairs = [
        " = ".join(
            "the image" if at is None else format_timecode(at) for at in (frame["asked_s"], frame["found_s"])
        )
        for frame in row["frames"][:6]
    ]
    if pairs:
        lines.append(f"  frames: {', '.join(pairs)}")
    if row["judged"]:
        lines.append(f"  verdict by {row['judged']['author']}: {row['judged']['verdict']}")
    for place, each in enumerate(row["occurrences"]):
        when = "first seen" if place == 0 else "then"
        lines.append(f"  {when} {format_time_utc(each['captured_at'])}  {each['source'] or ''}  {each['url']}")
    return "\n".join(lines)


def describe_judgement(row: Mapping[str, Any]) -> str:
    """A verdict as one line."""
    return f"{row['a']} and {row['b']}: {row['verdict']}; verdict by {row['author']}, stored as {row['id']}"
