"""What reading one page may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimits:
    """``seconds`` and ``seconds_per_mb`` are processor time: a page fares the same on a loaded machine.

    Only a worker that does not even use its processor time is ended by the clock, after ``patience`` times as
    long. Origin (2026-11-29): of the captured pages the slowest, 2 MB, takes under 4 s. ``memory_bytes`` is
    address space; exports of whole channels, of up to 256 MB of JSON, get ``export_memory_bytes``.
    """

    seconds: float = 20.0
    seconds_per_mb: float = 2.0
    patience: float = 15.0
    memory_bytes: int = 2 << 30
    export_memory_bytes: int = 6 << 30
    answer_bytes: int = 512 << 20

    def seconds_for(self, length: int) -> float:
        """Processor time for so many bytes."""
        return self.seconds + self.seconds_per_mb * (length >> 20)
