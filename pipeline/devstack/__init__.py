"""The embedded stack of one machine: object store, database and Airflow, started as children of one process."""
