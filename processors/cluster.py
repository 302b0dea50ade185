"""Groups of media that show the same picture, made from links that are each kept."""

from dataclasses import dataclass

from processors.digest import Digest


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two files found alike: by what algorithm, how far apart, what that means, what of them matched.

    ``a < b`` always. ``quality`` is the lower of both fingerprints' qualities; ``matched`` names what was
    compared: ``whole``, ``mirrored``, ``rotated 90`` ...
    """

    a: Digest
    b: Digest
    algorithm: str
    distance_bits: int
    meaning: str
    quality: int | None = None
    matched: str = "whole"

    def __post_init__(self) -> None:
        if not self.a < self.b:
            raise ValueError(f"link: expected a before b, found {self.a} and {self.b}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two or more files; ``id`` is the hex sha256 of the sorted members, ``links`` those between members."""

    id: str
    members: tuple[Digest, ...]
    links: tuple[Link, ...]
