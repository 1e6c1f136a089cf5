"""The configuration as a command of the shell sees it: read once, wrong ones end the command with
code 2.
"""

import argparse
import sys
from typing import Any

from .config import Config, load
from .sources import ConfigError


def read_config(options: argparse.Namespace) -> Config:
    """Read the configuration for a command. Exits with code 2 and all that is wrong with it."""
    given: dict[tuple[str, str], tuple[Any, str]] = {}
    if options.data is not None:
        given["node", "data"] = (options.data, "--data")
    dev = getattr(options, "dev", False)
    lan = getattr(options, "lan", False)
    if lan and not dev:
        print("antiphon: --lan is for development: give --dev as well", file=sys.stderr)
        sys.exit(2)
    try:
        return load(file=options.config, dev=dev, lan=lan, options=given)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
