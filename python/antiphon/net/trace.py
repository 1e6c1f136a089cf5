"""Which connection the running code serves, for log lines. It knows nothing of what is served."""

from contextvars import ContextVar

CONNECTION: ContextVar[str] = ContextVar("antiphon_connection", default="")
"""Name of the connection whose data or request is being handled; empty outside of any."""
