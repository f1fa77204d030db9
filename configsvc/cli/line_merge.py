"""Putting a change into a text whose layout a writer would not have chosen."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher


def merged(
    mine: Sequence[str],
    base: Sequence[str],
    changed: Sequence[str],
    keeps: Callable[[str], bool],
) -> list[str]:
    """My lines, with what differs between two texts of a writer.

    `base` is what the writer makes of my text, `changed` what it makes of it after the change.
    Lines that the writer makes alike stay mine, and so do those of which `keeps` says that they
    must. Where the writer breaks lines elsewhere than I do, the result is all of its own.
    """
    if len(mine) != len(base):
        return list(changed)
    result: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, base, changed, autojunk=False).get_opcodes():
        if tag == "equal":
            result += mine[i1:i2]
            continue
        there = set(changed[j1:j2])
        result += [line for line in mine[i1:i2] if keeps(line) and line not in there]
        result += changed[j1:j2]
    return result
