"""The pages on loopback, as a browser reaches them."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from socket import socket

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount


@contextmanager
def served(pages: FastAPI) -> Iterator[str]:
    """The address of the pages below a prefix, as inside Airflow."""
    app = Starlette(routes=[Mount("/archive", pages)])
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/archive"
        finally:
            server.should_exit = True
            thread.join()
