"""What a node counts, as its `/metrics` says."""

import httpx

from tests.support.node import Node


async def figures(node: Node, prefix: str = "antiphon_") -> dict[str, float]:
    """All figures by name (with labels, as they are written) whose name begins so."""
    async with httpx.AsyncClient(base_url=node.url) as http:
        lines = (await http.get("/metrics")).raise_for_status().text.splitlines()
    wanted = [line.rpartition(" ") for line in lines if line.startswith(prefix)]
    return {name: float(value) for name, _, value in wanted}


async def sip_figure(node: Node, name: str) -> float:
    """One figure of SIP, `machine_limited_total`; 0 if nothing was counted yet."""
    return (await figures(node, f"antiphon_sip_{name}")).get(f"antiphon_sip_{name}", 0.0)
