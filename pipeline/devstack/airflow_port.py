"""Which port the embedded Airflow gets: chosen and held before anything of the stack starts."""

from typing import Final

from pipeline.devstack.ports import ReservedPort
from pipeline.supervise.listeners import listening_inodes, whose_sockets
from pipeline.supervise.processes import ServiceError

PREFERRED_PORT: Final = 8080


def reserve_port(wanted: int | None) -> ReservedPort:
    """Hold Airflow's port: a number; 0 for any free one; None for 8080 or else any free one.

    Raises `ServiceError` for a number that is taken, so that it is noticed before anything starts.
    """
    if wanted:
        if (reserved := ReservedPort.take(wanted)) is None:
            inodes = listening_inodes(wanted)
            whose = (
                whose_sockets(inodes)
                if inodes
                else "a stack that is about to start, or the system, for another user"
            )
            raise ServiceError(
                f"Port {wanted} (LETAPIS_AIRFLOW_PORT) is taken: {whose}. Nothing was started. "
                "End that program, or name another port; 0 means any free one."
            )
        return reserved
    preferred = ReservedPort.take(PREFERRED_PORT) if wanted is None else None
    return preferred or ReservedPort.take_any()
