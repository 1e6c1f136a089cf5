"""Media is protected by AES-GCM: the node is the DTLS server, whose order of profiles decides."""

from pathlib import Path

import pytest

from tests.support.browser import Kind
from tests.support.node import Node
from tests.support.participant import participate
from tests.support.person import ANN
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

DTLS_1_2 = "FEFD"
GCM = {"SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM"}  # RFC 7714 §14.2


@pytest.mark.parametrize("kind", ["chrome", "firefox"])
async def test_browser_negotiates_gcm(
    kind: Kind, node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with participate(kind, ANN, tmp_path, artifacts) as ann:
        await ann.enter(node.url, "secure")
        transports = await until(
            "a DTLS connection",
            lambda: ann.browser.evaluate("probe.security()"),
            lambda found: any(one["dtlsState"] == "connected" for one in found),
        )
    for transport in transports:
        assert transport["srtpCipher"] in GCM
        assert transport["tlsVersion"] == DTLS_1_2
        assert transport["dtlsRole"] == "client"
        assert "GCM" in transport["dtlsCipher"]
