"""Which methods an address knows: for `Allow` in 405 and for OPTIONS, over all routes of that path
together.
"""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def allowed_methods(routes: Sequence[BaseRoute], path: str) -> list[str]:
    """The methods of every route that a path fits; empty when there is none."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Route) and route.path_regex.match(path):
            found |= route.methods or set()
    if "GET" in found:
        found.add("HEAD")
    if found:
        found.add("OPTIONS")
    return [method for method in _ORDER if method in found]
