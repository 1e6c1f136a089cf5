"""Each fuzz target for some thousand inputs, the same in every run: that they still build, and fail
at nothing that is found at once. `make fuzz` goes on from there.
"""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = sorted(path.stem for path in (ROOT / "crates/fuzz/fuzz_targets").glob("*.rs"))
RUNS = 10_000
SEED = 4475

pytestmark = pytest.mark.slow


def fuzz(corpus: Path, *options: str) -> None:
    """Run `tools/fuzz.sh`, without what was learned in other runs."""
    command = [str(ROOT / "tools/fuzz.sh"), *options]
    environment = {**os.environ, "FUZZ_CORPUS": str(corpus)}
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All targets, so that no test has to wait for the compiler."""
    fuzz(tmp_path_factory.mktemp("none"), "-runs=0")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.usefixtures("built")
def test_what_strangers_send_breaks_nothing(target: str, tmp_path: Path) -> None:
    fuzz(tmp_path, f"-runs={RUNS}", f"-seed={SEED}", "-len_control=0", target)
