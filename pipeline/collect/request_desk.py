"""The desk of a running installation: requests of people go to the ledger, and Airflow is handed their ids.

In: a `NewRequest` with the viewer who sent it. Out: its id. Guaranteed: Airflow learns the id and nothing else; a
confidential request has the label of a case of which the viewer is a member. The run is started with the
installation's own access to Airflow, since analysts have none that could start it.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from access.request_desk import NewRequest, RequestNotStartedError, RequestRefusedError
from crawlers.watchlist.source import Engine
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.collect.url_list import BadUrls, validate_urls
from pipeline.config.settings import Settings, SettingsError
from storage.access_labels import DEFAULT_LABEL, Viewer
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.memberships import case_by_reference, cases_of
from storage.ledger.requests import insert_request

LONGEST_REASON = 2000
LONGEST_CASE = 200
DAG = "archive_url"


class CaseUnknownError(StorageError):
    """No case of this reference is there for the person; a custodian says who is a member of which."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no case {reference!r} of which you are a member. Nothing was recorded or fetched. A "
            "custodian adds members, on the page Members or by letapis members add NAME --case REF."
        )
        self.reference = reference


def confidential_label(connection: Connection, reference: str | None, viewer: Viewer) -> str:
    """The label of the case; raises `CaseUnknownError`, the same whether there is none or not theirs."""
    wanted = (reference or "").strip()
    if viewer.every_label:
        found = case_by_reference(connection, wanted)
        if found is not None:
            return found.label
        raise CaseUnknownError(wanted)
    for case in cases_of(connection, viewer.name):
        if case.reference == wanted:
            return case.label
    raise CaseUnknownError(wanted)


class AirflowRequestDesk:
    """Takes requests for the installation that ``load`` gives the settings of."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load

    def egress_profiles(self) -> tuple[str, ...]:
        """As `access.request_desk.RequestDesk` has it."""
        return self._load().egress_names

    def submit(self, archive: Archive, request: NewRequest, viewer: Viewer) -> str:
        """As `access.request_desk.RequestDesk` has it."""
        settings = self._load()
        reason, case = (request.reason or "").strip() or None, (request.case or "").strip() or None
        if len(reason or "") > LONGEST_REASON or len(case or "") > LONGEST_CASE:
            raise RequestRefusedError(
                f"The reason may have {LONGEST_REASON} characters, the case {LONGEST_CASE}. Nothing was fetched."
            )
        if request.engine not in ("http", "browser"):
            raise RequestRefusedError("The engine must be http or browser. Nothing was fetched.")
        engine: Engine = "browser" if request.engine == "browser" else "http"
        try:
            urls = validate_urls(request.urls, allow_addresses=settings.allow_addresses)
            settings.egress_url(request.egress or None)
            with archive.writer.begin() as connection:
                label = confidential_label(connection, case, viewer) if request.confidential else DEFAULT_LABEL
                accepted = insert_request(
                    connection,
                    actor=viewer.name,
                    urls=urls,
                    reason=reason,
                    case_reference=case,
                    access_label=label,
                    engine=engine,
                    egress=request.egress or None,
                )
        except (BadUrls, SettingsError, CaseUnknownError) as refused:
            raise RequestRefusedError(str(refused)) from refused
        self.start(accepted.id)
        return accepted.id

    def start(self, request_id: str) -> None:
        """As `access.request_desk.RequestDesk` has it."""
        try:
            with AirflowApi(self._load().airflow(), patience_s=10.0) as api:
                api.trigger(DAG, {"request_id": request_id})
        except (AirflowRefused, AirflowUnreachable, SettingsError) as problem:
            raise RequestNotStartedError(request_id, str(problem)) from problem
