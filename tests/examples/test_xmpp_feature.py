"""The plug-in package with an XMPP extension, installed by pip beside a real node."""

from pathlib import Path
from typing import Any

import pytest
from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

from tests.support.node import run_node
from tests.support.plugin import install
from tests.support.telephony import make_account
from tests.support.xmpp_person import slix_person

GREETING = "{urn:example:greeting:1}greeting"
SERVER = JID("localhost")

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed plug-in."""
    return install("xmpp_feature", tmp_path_factory.mktemp("plug-in"))


async def test_the_server_greets(installed: Path, tmp_path: Path, artifacts: Path) -> None:
    environment = {"PYTHONPATH": str(installed)}
    async with run_node(tmp_path, artifacts / "node.log", environment=environment) as node:
        await make_account(node, "ann", "Ann")
        async with slix_person(node, "ann") as ann:
            info = await ann.plugin["xep_0030"].get_info(jid=SERVER)
            assert "urn:example:greeting:1" in info["disco_info"]["features"]
            greetings = []
            for language in ("en", "de"):
                iq: Any = ann.make_iq_get(ito=SERVER)
                asked = ET.Element(GREETING)
                asked.set("language", language)
                iq.append(asked)
                greetings.append((await iq.send()).xml.findtext(GREETING))
            assert greetings == ["Hello, Ann!", "Guten Tag, Ann!"]
            iq = ann.make_iq_get(ito=SERVER)
            asked = ET.Element(GREETING)
            asked.set("language", "tlh")
            iq.append(asked)
            with pytest.raises(IqError) as refused:
                await iq.send()
            assert refused.value.condition == "item-not-found"
            ann.say(SERVER, "Good night")
            await ann.hears_text("Sleep well.")
            ann.say(SERVER, "Anybody there?")
            error = await ann.hears("an error", lambda one: one["type"] == "error")
            assert error["error"]["condition"] == "service-unavailable"
