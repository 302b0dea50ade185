"""The witness over HTTP: one address to have a checkpoint cosigned, one to see the newest that was cosigned.

In: a `Witness`. Out: an ASGI app. ``POST /add-checkpoint`` is C2SP tlog-witness; ``GET /checkpoint?origin=…`` is
ours, so that `letapis verify` and anybody else can compare what the archive shows with what it showed before.
"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.witness.witness import TEXT, Witness
from processors.transparency_log.witness_request import LARGEST_BYTES

OnAlarm = Callable[[str], None]


def witness_app(witness: Witness, on_alarm: OnAlarm) -> Starlette:
    """The app; ``on_alarm`` gets a sentence whenever a log contradicts itself."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_BYTES:
                words = f"expected at most {LARGEST_BYTES} bytes\n"
                return Response(words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, media_type=TEXT)
        answer = await run_in_threadpool(witness.answer, body)
        if answer.alarm is not None:
            on_alarm(answer.alarm)
        return Response(answer.body, answer.status, headers={"Content-Type": answer.media_type})

    def checkpoint(request: Request) -> Response:
        note = witness.folder.newest(request.query_params.get("origin", ""))
        if note is None:
            words = "this witness has cosigned no checkpoint of that origin\n"
            return Response(words, HTTPStatus.NOT_FOUND, media_type=TEXT)
        return Response(note, media_type=TEXT)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/checkpoint", checkpoint, methods=["GET"]),
        ]
    )
