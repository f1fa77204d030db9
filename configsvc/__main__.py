"""``python -m configsvc``: the command line."""

from configsvc.cli import main

main()
