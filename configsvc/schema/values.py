"""What documents are made of."""

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value: an object, list, text, number, boolean or null.

What is in it is what this room finds out.
"""
