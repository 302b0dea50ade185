"""Airflow DAGs: what runs when. Thin wiring; the work is in `pipeline`."""
