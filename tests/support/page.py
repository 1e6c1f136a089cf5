"""A bare page of another origin than the node's, as somebody who embeds a component has it."""

import contextlib
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.node import ROOT, Node, run_node


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


@contextlib.asynccontextmanager
async def example(
    name: str, folder: Path, logs: Path, edit: Callable[[str], str] = str
) -> AsyncIterator[tuple[Node, BarePage]]:
    """A node, and the page `examples/NAME` for it on an origin that the node knows of."""
    (folder / "data").mkdir()
    with bare_page(folder / "page") as page:
        origins = {"ANTIPHON_HTTP_CORS_ORIGINS": page.origin}
        async with run_node(folder / "data", logs / "node.log", environment=origins) as node:
            html = (ROOT / "examples" / name).read_text()
            html = html.replace("http://localhost:8080", node.url)
            (page.folder / "index.html").write_text(edit(html))
            yield node, page
