"""Plans of rollouts on the command line: stages as options, or a file."""

import re
from pathlib import Path
from typing import Any, Final

from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.reports import error_text
from configsvc.schema import load_text

_STAGES: Final = re.compile(r"[0-9.]+%(/\w+)?(,[0-9.]+%(/\w+)?)*")
_MAX_PLAN: Final = 64 << 10


def plan_of(rollout: str | None) -> dict[str, Any]:
    """The member of a change that holds the plan; empty where everybody gets it at once.

    Args:
        rollout: stages such as ``5%/10m,50%,100%``, or the name of a file.

    Raises:
        CommandError: the file cannot be read, or is no YAML or JSON object.
    """
    if rollout is None:
        return {}
    if _STAGES.fullmatch(rollout):
        return {"rollout": {"stages": [_stage(each) for each in rollout.split(",")]}}
    return {"rollout": _read(Path(rollout))}


def _stage(text: str) -> dict[str, str]:
    share, _, bake = text.partition("/")
    return {"share": share, "bake": bake} if bake else {"share": share}


def _read(file: Path) -> Any:  # noqa: ANN401 the server checks the plan
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_PLAN + 1)
    except OSError as error:
        raise CommandError(
            f"{file} is neither stages such as '5%/10m,50%' nor a file that can be read: "
            f"{error.strerror}",
            Exit.INPUT,
        ) from error
    if len(data) > _MAX_PLAN:
        raise CommandError(f"{file} has over {_MAX_PLAN >> 10} KiB: that is no plan", Exit.INPUT)
    loaded = load_text(data, origin=str(file), syntax="yaml")
    if loaded.errors:
        raise CommandError("\n".join(map(error_text, loaded.errors)), Exit.INPUT)
    if len(loaded.documents) != 1:
        raise CommandError(
            f"{file} holds {len(loaded.documents)} documents: write one plan", Exit.INPUT
        )
    return loaded.documents[0].value
