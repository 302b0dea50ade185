"""Draws measured ratios against their targets as one small picture.

Run: ``python -m benchmarks.plot RESULTS PICTURE``: RESULTS holds what the benchmarks print with ``--json``, an
object per line; PICTURE becomes an SVG. Each ratio that has a target is a bar, as many times the target as was
measured, on a logarithmic scale, with the least and the most of the rounds.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

WIDTH, LABEL, RIGHT, ROW = 900, 390, 120, 30
LEAST, MOST = 0.2, 5.0
MET, MISSED, INK = "#2f7d4f", "#b5482e", "#333"


def across(value: float) -> float:
    """Where a value lies between the labels and the right edge."""
    part = math.log(min(max(value, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LABEL + part * (WIDTH - LABEL - RIGHT)


def picture(rows: list[dict[str, Any]]) -> str:
    bars = [(row["what"], ratio) for row in rows for ratio in row["ratios"] if ratio["target"] is not None]
    height = ROW * (len(bars) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="{INK}"><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    ]
    for number, (what, ratio) in enumerate(bars):
        top = ROW * (number + 0.6)
        times = ratio["median"] / ratio["target"]
        colour = MET if ratio["met"] else MISSED
        left, right = sorted((across(1.0), across(times)))
        low, high = across(ratio["min"] / ratio["target"]), across(ratio["max"] / ratio["target"])
        label = what.partition(";")[0].partition(",")[0][:52]
        parts += [
            f'<text x="{LABEL - 12}" y="{top + 14}" text-anchor="end">{label}</text>',
            f'<rect x="{left:.1f}" y="{top}" width="{max(2.0, right - left):.1f}" height="18" fill="{colour}"/>',
            f'<path d="M{low:.1f} {top + 9}H{high:.1f}" stroke="{INK}" stroke-width="2"/>',
            f'<text x="{WIDTH - RIGHT + 8}" y="{top + 14}">{ratio["median"]:.2f} of {ratio["target"]:g}</text>',
        ]
    for mark in (0.25, 0.5, 1.0, 2.0, 4.0):
        x, thick = across(mark), 1 if mark == 1 else 0.3
        parts += [
            f'<path d="M{x:.1f} {ROW * 0.4}V{height - ROW}" stroke="{INK}" stroke-width="{thick}"/>',
            f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle">{mark:g}</text>',
        ]
    parts.append(f'<text x="{LABEL - 12}" y="{height - 12}" text-anchor="end">times the target</text></svg>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    Path(sys.argv[2]).write_text(picture([json.loads(line) for line in lines if line.strip()]), "utf-8")
