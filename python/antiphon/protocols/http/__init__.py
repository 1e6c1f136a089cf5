"""HTTP: REST resources, server-sent events, WHIP and WHEP, pages, figures. It reaches the node
through its context.
"""

from .application import create_app, drain
from .caller import Administrator, CurrentCaller, MaybeCaller
from .config import HttpConfig, HttpLimits
from .context import HttpContext, Readiness
from .runtime import Live

__all__ = [
    "Administrator",
    "CurrentCaller",
    "HttpConfig",
    "HttpContext",
    "HttpLimits",
    "Live",
    "MaybeCaller",
    "Readiness",
    "create_app",
    "drain",
]
