"""A form that somebody sends: read only once the user is known, and never further than its limit.

In: a request of a known user, how many bytes, files and fields the form may have. Out: its fields as text and its
file. Guaranteed: a route that takes a body declares no form of its own, since FastAPI reads a declared form before
it asks for the user; it calls `sent_form`, which checks ``Content-Length`` before it reads the first byte and
counts what comes without one (RFC 9112, section 6). What is left unread ends the connection (`has_unread_body`),
so that nobody can go on sending to a server that has answered.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from access.rendering.translations import gettext

WRAPPING_BYTES: Final = 256 << 10
"""What a form may have besides its file: its other fields, and the headers of its parts."""


@dataclass(frozen=True, slots=True)
class Form:
    """``fields`` by name, the last of each name; ``file`` is None where none was sent."""

    fields: Mapping[str, str]
    file: UploadFile | None


class FolderParser(MultiPartParser):
    """As Starlette's, with the one file of a form in a folder of ours: the usual one may be memory, not a disk."""

    def __init__(self, request: Request, folder: Path, *, fields: int) -> None:
        super().__init__(request.headers, request.stream(), max_files=1, max_fields=fields)
        self._folder = folder

    def on_headers_finished(self) -> None:
        """Begin a part; what a file's bytes go to has no name, so that it goes with its process."""
        super().on_headers_finished()
        sent = self._current_part.file
        if sent is not None:
            sent.file.close()
            sent.file = TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the form, or by the parser
            self._files_to_close_on_error.append(sent.file)  # type: ignore[arg-type]  # only closed there


@asynccontextmanager
async def sent_form(
    request: Request, *, fields: int, file_limit_bytes: int = 0, folder: Path | None = None
) -> AsyncIterator[Form]:
    """The form of a request, for as long as it is used; its file lies in a temporary file without a name.

    ``folder`` is where that file lies; None: where temporary files usually do.

    Raises ``HTTPException``: 413 for more bytes than ``file_limit_bytes`` and what wraps the file, 400 for a form
    that is broken, has more files or ``fields`` than it may, or a character that no text has, 507 where the disk
    has no room for the file.
    """
    limit_bytes = file_limit_bytes + WRAPPING_BYTES
    if declared_bytes(request) > limit_bytes:
        raise too_large(file_limit_bytes)
    counted = Request(request.scope, limited(request, limit_bytes, file_limit_bytes))
    try:
        if folder is None:
            form = await counted.form(max_files=1 if file_limit_bytes else 0, max_fields=fields)
        else:
            form = await _form_in(counted, folder, fields)
    except ClientDisconnect as gone:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            gettext("The form did not arrive completely, so nothing was done. Send it again."),
        ) from gone
    except UnicodeError as problem:  # a charset of Python's own that is none of text, such as "idna"
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            gettext("The form names an encoding that is not one of text. Send it as UTF-8."),
        ) from problem
    except OSError as problem:
        raise HTTPException(
            HTTPStatus.INSUFFICIENT_STORAGE,
            gettext(
                "The file could not be written to the disk of this server (%(problem)s). Nothing of it was "
                "stored. The operator has to make room on it.",
                problem=problem.strerror or problem,
            ),
        ) from problem
    request.state.body_was_read = True
    try:
        yield form_of(form)
    finally:
        await form.close()


async def _form_in(request: Request, folder: Path, fields: int) -> FormData:
    """The form with its file in the folder; raises ``HTTPException`` (400) for what is no form with a file."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise HTTPException(HTTPStatus.BAD_REQUEST, gettext("The form has no file. Send it again with one."))
    try:
        return await FolderParser(request, folder, fields=fields).parse()
    except MultiPartException as problem:
        raise HTTPException(HTTPStatus.BAD_REQUEST, problem.message) from problem


def number_in(fields: Mapping[str, str], name: str) -> int:
    """The whole number in a field; 0, which numbers nothing here, where the field has none."""
    given = fields.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


async def sent_json(request: Request) -> Any:
    """The JSON value that a program sent, of at most `WRAPPING_BYTES`; raises ``HTTPException`` 413 and 400."""
    if declared_bytes(request) > WRAPPING_BYTES:
        raise too_large(0)
    counted = Request(request.scope, limited(request, WRAPPING_BYTES, 0))
    try:
        content = await counted.body()
    except ClientDisconnect as gone:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The request did not arrive completely.") from gone
    request.state.body_was_read = True
    try:
        sent = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Expected JSON. Nothing was done.") from problem
    if not is_text(json.dumps(sent, ensure_ascii=False)) or "\\u0000" in json.dumps(sent):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "A text holds a character that is not allowed, such as U+0000."
        )
    return sent


def form_of(sent: FormData) -> Form:
    """The parts by what they are; a text that no database can hold is refused."""
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    for name, value in fields.items():
        if not is_text(name) or not is_text(value):
            raise HTTPException(
                HTTPStatus.BAD_REQUEST,
                gettext(
                    "The form contains a character that is not allowed in text, such as U+0000. "
                    "Remove it and send the form again."
                ),
            )
    files = [value for _, value in sent.multi_items() if isinstance(value, UploadFile)]
    return Form(fields, files[0] if files else None)


def is_text(value: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold it: no U+0000, no half of a surrogate pair."""
    return not any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in value)


def has_unread_body(request: Request) -> bool:
    """Whether bytes of the request may still be on their way when it is answered."""
    has_body = declared_bytes(request) > 0 or "transfer-encoding" in request.headers
    return has_body and not getattr(request.state, "body_was_read", False)


def declared_bytes(request: Request) -> int:
    """The value of ``Content-Length``; 0 where it is absent. The server refuses one that is no number."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0


def limited(request: Request, limit_bytes: int, file_limit_bytes: int) -> Receive:
    """The request's messages, up to the limit of bytes, whatever ``Content-Length`` states."""
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > limit_bytes:
            raise too_large(file_limit_bytes)
        return message

    return receive


def too_large(file_limit_bytes: int) -> HTTPException:
    """The error 413 for a file or form above its limit."""
    if file_limit_bytes:
        words = gettext(
            "The file is larger than %(limit)s MB. Nothing of it was stored.",
            limit=file_limit_bytes >> 20,
        )
    else:
        words = gettext("The form is too long. Nothing of it was stored.")
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)
