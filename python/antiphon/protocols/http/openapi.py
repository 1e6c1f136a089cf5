"""The description of the API (OpenAPI 3.1): what the framework derives, our errors and words."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .errors import PROBLEM_TYPE, Problem

DESCRIPTION = """\
Rooms, their members, tracks and messages, accounts, contacts, direct messages and tokens of an
Antiphon node, and media sessions by WHIP and WHEP.

Send a token as `Authorization: Bearer …`. Errors are problem details (RFC 9457); their `reason` is
one of the words that `/ws` uses as well. Times are seconds since 1970 (UTC). A status 429 comes
with `Retry-After`.
"""

TAGS = (
    ("auth", "Tokens, by password or as a guest."),
    ("accounts", "Who has a password here."),
    ("invitations", "Who may make an account."),
    ("profiles", "How accounts show themselves."),
    ("files", "Files that people upload."),
    ("push", "News for browsers whose page is closed."),
    ("rooms", "Rooms that are stored, or in which somebody is."),
    ("members", "Who is in a room."),
    ("messages", "What is said in a room, and what people write to each other."),
    ("tracks", "What the members of a room send."),
    ("calls", "Who called whom."),
    ("contacts", "Who knows whom, and who is blocked."),
    ("presence", "Who is there."),
    ("events", "News of rooms, and of one's own account, as they happen."),
    ("media", "Media sessions by WHIP (RFC 9725) and WHEP, and servers that help to reach them."),
    ("discovery", "Where everything is."),
    ("health", "For those who watch the node."),
)


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Antiphon",
            version=app.version,
            openapi_version="3.1.0",
            description=DESCRIPTION,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            tags=[{"name": name, "description": text} for name, text in TAGS],
        )
        _with_problems(document)
        app.openapi_schema = document
    return app.openapi_schema


def _with_problems(document: dict[str, Any]) -> None:
    """Every operation may be refused, always in the same shape; the framework's own shape is not
    used.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, Mapping) and "responses" in operation:
                _refusable(dict(operation)["responses"])


def _refusable(responses: dict[str, Any]) -> None:
    invalid = responses.get("422", {}).get("content", {}).get("application/json", {})
    if invalid.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        del responses["422"]
    responses["default"] = {
        "description": "Refused: problem details.",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
