"""A bare page of another origin than the node's, as somebody who embeds a component has it."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and prints no line for each."""

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@dataclass(frozen=True)
class BarePage:
    """Pages in `folder`, served at `origin`."""

    origin: str
    folder: Path

    def write(self, server: str, body: str) -> str:
        """The address of a page with this body, which loads the components of `server`."""
        script = f"<script type=module src={server}/components/antiphon.js></script>"
        (self.folder / "index.html").write_text(f"<!doctype html><title>Bare</title>{script}{body}")
        return f"{self.origin}/index.html"


@contextlib.contextmanager
def bare_page(folder: Path) -> Iterator[BarePage]:
    """A web server for `folder` on a free port."""
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield BarePage(f"http://localhost:{server.server_port}", folder)
        finally:
            server.shutdown()
            thread.join()
