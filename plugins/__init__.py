"""Airflow plugins: mounts `access` inside Airflow and supplies its user."""
