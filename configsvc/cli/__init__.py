"""The command line: one command per file in `configsvc.cli.commands`, loaded when it is called."""

from configsvc.cli.root import main, root

__all__ = ["main", "root"]
