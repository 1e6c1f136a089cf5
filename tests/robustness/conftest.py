"""Fixtures of these tests."""

from tests.support.fixtures import browser_driver, namespaces, node, sound

__all__ = ["browser_driver", "namespaces", "node", "sound"]
