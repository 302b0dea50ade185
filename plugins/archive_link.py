"""The link "Open in the archive" of every task in Airflow's grid.

A task of a request leads to its capture, or to its request where there is none or it is confidential; any other
task leads to the page that its DAG works for. Airflow asks for the link in its API server, at each look at a task:
while it runs, when it has failed, and of earlier attempts.
"""

from typing import Any, Final

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

from pipeline.archive_pages import PAGE_KEY, is_page

PAGES_OF_DAGS: Final = {
    "archive_url": "requests",
    "handover": "handover",
    "harvest": "sources",
    "process": "captures",
    "quality": "quality",
    "repeats": "repeats",
}
"""By DAG: the page on which its work is seen; of the others it is the first page."""


class OpenInTheArchive(BaseOperatorLink):
    """What a task left under `PAGE_KEY`, as a link of this site."""

    name = "Open in the archive"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of the page; ``ti_key`` names the task instance."""
        from airflow.configuration import conf
        from airflow.serialization.definitions.operatorlink import XComOperatorLink

        left = XComOperatorLink(name=self.name, xcom_key=PAGE_KEY).get_link(operator, ti_key=ti_key)
        page = left if is_page(left) else PAGES_OF_DAGS.get(ti_key.dag_id, "")
        return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/archive/{page}"


class ArchiveLinkPlugin(AirflowPlugin):
    """One link for the tasks of all DAGs."""

    name = "archive_link"
    global_operator_extra_links = [OpenInTheArchive()]  # noqa: RUF012 - so declared by Airflow
