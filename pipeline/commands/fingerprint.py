"""Commands over media files, without a store: `fingerprint`, `group`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from processors.digest import Digest
    from processors.media.media_type import MediaFingerprints
    from processors.similarity.clustering import MediaLink

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Images and videos.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(fingerprint)
    app.command()(group)


def fingerprint(files: Files, as_json: JsonOption = False) -> None:
    """Print type, size and fingerprints of media files; for a file that cannot be decoded, the reason.

    Exit code 2 if a file does not exist; a file that was refused for its content is a result, not a failure.
    """
    _check(files)
    rows = (fingerprint_row(path, reading) for path, reading in _read(files))
    emit(rows, as_json=as_json, human=_describe_fingerprint)


def group(files: Files, as_json: JsonOption = False) -> None:
    """Put media files that show the same picture into groups, with the links that made each group.

    Byte-equal files are one member under several names; they are a group even where they cannot be read.
    """
    from processors.similarity.clustering import cluster_id, cluster_media
    from processors.similarity.match import links

    _check(files)
    names: dict[Digest, list[str]] = {}
    readings = []
    for path, reading in _read(files):
        names.setdefault(reading.sha256, []).append(str(path))
        readings.append(reading)
        if reading.refused:
            err.print(f"{path}: {reading.refused}", markup=False)
    clusters = cluster_media(links(readings))
    grouped = {member for cluster in clusters for member in cluster.members}
    rows = [group_row(cluster.id, cluster.members, cluster.links, names) for cluster in clusters]
    for digest, copies in sorted(names.items()):
        if len(copies) > 1 and digest not in grouped:
            rows.append(group_row(cluster_id([digest]), (digest,), (), names))
    count = emit(rows, as_json=as_json, human=_describe_group)
    err.print(f"{len(readings)} files, {count} groups", markup=False)


def group_row(
    name: str, members: Iterable[Digest], links: Iterable[MediaLink], files: Mapping[Digest, list[str]]
) -> dict[str, Any]:
    """The JSON keys of kind ``group``."""
    return {
        "kind": "group",
        "id": name,
        "members": [{"file": file, "sha256": str(member)} for member in members for file in files[member]],
        "links": [link_row(link) for link in links],
    }


def fingerprint_row(path: Path, reading: MediaFingerprints) -> dict[str, Any]:
    """The JSON keys of kind ``fingerprint``."""
    from processors.fingerprints.fingerprint import hash_rows

    return {
        "kind": "fingerprint",
        "file": str(path),
        "sha256": str(reading.sha256),
        "media_type": reading.media_type,
        "width": reading.width,
        "height": reading.height,
        "hashes": [row for found in reading.hashes for row in hash_rows(found)],
        "refused": reading.refused,
        "damage": reading.damage,
        "frames": reading.frames,
        "duration_s": reading.duration_s,
        "metadata": [{"name": name, "value": value} for name, value in reading.metadata],
        "decoder": reading.decoder,
    }


def link_row(link: MediaLink) -> dict[str, Any]:
    """The JSON keys of one link of kind ``group``."""
    return {
        "a": str(link.a),
        "b": str(link.b),
        "algorithm": link.algorithm,
        "distance": link.distance_bits,
        "meaning": link.meaning,
        "quality": link.quality,
        "matched": link.matched,
        "share_a": link.share_a,
        "share_b": link.share_b,
        "frames": [{"a_s": a_s, "b_s": b_s, "distance": distance} for a_s, b_s, distance in link.frames],
    }


def _check(files: Iterable[Path]) -> None:
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise fail(f"These files do not exist: {', '.join(missing)}. Nothing was read.", Exit.WRONG_USE)


def _read(files: list[Path]) -> Iterator[tuple[Path, MediaFingerprints]]:
    """Every file with its reading, in the order given; progress on stderr."""
    from rich.progress import track

    from processors.media.decoder_pool import Decoders

    with Decoders() as decoders:
        readings = decoders.fingerprint_all(path.read_bytes() for path in files)
        pairs = zip(files, readings, strict=True)
        yield from track(pairs, "fingerprinting", len(files), console=err, transient=True)


def _describe_fingerprint(row: Mapping[str, Any]) -> str:
    if row["refused"]:
        return f"{row['file']}: {row['refused']}"
    parts = [f"{row['file']}: {row['media_type']} {row['width']} x {row['height']}"]
    if row["duration_s"] is not None:
        parts.append(f"{row['duration_s']:g} s")
    parts += [f"{h['algorithm']}/{h['version']} {h['bits']} (quality {h['quality']})" for h in row["hashes"]]
    parts += [f"DAMAGED: {row['damage']}"] if row["damage"] else []
    return "  ".join(parts)


def _describe_group(row: Mapping[str, Any]) -> str:
    from access.rendering.stored_sentences import similarity_meaning

    names = {member["sha256"]: member["file"] for member in row["members"]}
    lines = [f"group {row['id'][:12]}: {len(row['members'])} files"]
    lines += [f"  {member['file']}" for member in row["members"]]
    for link in row["links"]:
        lines.append(f"    {names[link['a']]} = {names[link['b']]}")
        lines.append(f"      {link['algorithm']} {link['distance']} bits: {similarity_meaning(link['meaning'])}")
    return "\n".join(lines)
