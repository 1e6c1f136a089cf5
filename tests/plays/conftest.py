"""Fixtures of these tests."""

from tests.support.fixtures import node

__all__ = ["node"]
