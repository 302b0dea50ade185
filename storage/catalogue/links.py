"""A link between two media as a row of the catalogue, and back."""

from typing import Any

from processors.digest import Digest
from processors.similarity.clustering import MediaLink


def link_row(link: MediaLink) -> dict[str, Any]:
    """The row of ``catalogue.links``."""
    return {
        "a": str(link.a),
        "b": str(link.b),
        "algorithm": link.algorithm,
        "matched": link.matched,
        "distance_bits": link.distance_bits,
        "meaning": link.meaning,
        "quality": link.quality,
        "share_a": link.share_a,
        "share_b": link.share_b,
        "frames": [list(pair) for pair in link.frames],
    }


def link_of(row: Any) -> MediaLink:
    """The link that a row holds."""
    return MediaLink(
        a=Digest.parse(row.a),
        b=Digest.parse(row.b),
        algorithm=row.algorithm,
        distance_bits=row.distance_bits,
        meaning=row.meaning,
        quality=row.quality,
        matched=row.matched,
        share_a=row.share_a,
        share_b=row.share_b,
        frames=tuple((at_a, at_b, distance) for at_a, at_b, distance in row.frames),
    )
