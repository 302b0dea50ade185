"""Builds a package that was ordered on the page Hand over of the archive.

**What it does.** It takes an order by its id: a frozen selection, in the private folder of packages
(`LETAPIS_PACKAGES`). It checks once more, under the rights that the person who ordered it has now, that everything
in it may go to its recipient, builds the package as a ZIP in parts, and enters it in the register of disclosures.
The page shows how far it is; custodians download the files there.

**Parameters.** `package_id`: the id of the order. The page hands it over; nobody needs to enter one here.

**When it is red.** The package was not built, and nothing was disclosed; the page Hand over says why to those who
may see the order. The log of the task names the id alone, since whoever sees runs may not know of the case.

**Starting again** is always safe: what a killed task left is removed first, the same selection gives the same
bytes, and the same package is one line of the register. The page has a button for it.

**If it does not run:** orders wait, and nothing is lost.
"""

import logging
from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Hand over: build an ordered package",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    tags=["letapis", "hand over"],
    params={
        "package_id": Param(
            type="string",
            pattern="^[0-9A-HJKMNP-TV-Z]{26}$",
            title="Package",
            description="The id of an order of the page Hand over.",
        ),
    },
)
def handover() -> None:
    """One task: the package of the order."""

    # An exception would show its sentence among tracebacks; a task that exits says it once.
    @task(
        task_display_name="Build the package",
        retries=1,
        retry_delay=timedelta(seconds=30),
        execution_timeout=timedelta(hours=12),
    )
    def build() -> None:
        """Build the package; red if it could not be built."""
        from pipeline.config.settings import load_settings
        from pipeline.handover.ordered_build import PackageNotBuiltError, build_ordered

        package_id = get_current_context()["params"]["package_id"]
        try:
            build_ordered(load_settings(), package_id)
        except PackageNotBuiltError as problem:
            log.error("%s", problem)
            raise SystemExit(1) from None
        log.info("Package %s is there; the page Hand over has its files.", package_id)

    build()


handover_dag = handover()
