"""Every play of this folder, performed by clients over the web, in XMPP and by SIP."""

from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.stage.perform import perform, unable
from tests.support.stage.script import NotAPlay, read

PLAYS = sorted(Path(__file__).parent.glob("*.play"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", PLAYS, ids=lambda path: path.stem)
async def test_play(node: Node, path: Path) -> None:
    play = await perform(node, path)
    assert play.lines


def test_every_actor_can_act_every_sentence() -> None:
    assert unable() == []


def test_what_is_no_sentence_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bad.play"
    path.write_text("# Bad\nAnn, on the web\n\nAnn flies to Ben\n")
    with pytest.raises(NotAPlay, match=r"bad\.play:4: nobody knows"):
        read(path)
    path.write_text("Ann, on the web\nAnn writes to Zoe: hello\n")
    with pytest.raises(NotAPlay, match="Zoe is not in the cast"):
        read(path)
