"""The embedded services: object store, database and Airflow, started as children and ended with their parent."""
