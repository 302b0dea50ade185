"""Airflow DAGs: what runs when. Thin wiring; the work is in `pipeline`."""

from typing import Final

from airflow.sdk import Asset

SEALED: Final = Asset(name="sealed_warcs", uri="letapis://sealed-warcs", group="letapis")
"""WARC files that were deposited: `harvest` emits the event, `process` starts at it."""

NIGHT_ENDED: Final = Asset(name="night_ended", uri="letapis://night-ended", group="letapis")
"""A harvest that has entered its result into custody: `harvest` emits the event, `morning` starts at it."""
