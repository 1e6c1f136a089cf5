"""For those who watch the node: figures, liveness, readiness. None of them asks another service."""

from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from pydantic import BaseModel

from antiphon.protocols.http.runtime import Live

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """How the node is."""

    status: str
    detail: str = ""


@router.get("/metrics", response_class=Response)
async def metrics(live: Live) -> Response:
    """Figures of the node as Prometheus reads them."""
    context = live.context
    text = context.metrics() if context.metrics else generate_latest(context.registry)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_1_0_0)


@router.get("/healthz")
async def alive() -> Health:
    """The node lives: it can answer this."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health, "description": "Not ready."}})
async def ready(live: Live, response: Response) -> Health:
    """Whether new requests should come to this node; not while it drains."""
    readiness = live.context.ready()
    if live.context.switchboard.draining:
        response.status_code = 503
        return Health(status="draining", detail=readiness.detail)
    if not readiness.ready:
        response.status_code = 503
        return Health(status="not ready", detail=readiness.detail)
    return Health(status="ready", detail=readiness.detail)
