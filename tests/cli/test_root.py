"""The root command: what it loads, its help, its options and its exit codes."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from configsvc.cli import root
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.lazy import LazyGroup
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.root import COMMANDS
from configsvc.errors import InputError, OperationError

SERVERS = ("flask", "grpc", "gunicorn", "sqlite3", "uvloop", "werkzeug")
"""What a command that works on files alone has no use for."""


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> list[Invocation]:
    """Add a command `probe` to the root; the list gets the invocations it was called with."""
    seen: list[Invocation] = []

    @click.command
    @output_option
    @namespace_option
    @server_options
    @click.option("--raises", type=click.Choice(["input", "operation", "command", "interrupt"]))
    @click.pass_obj
    def command(invocation: Invocation, raises: str | None) -> None:
        seen.append(invocation)
        if raises:
            raise {
                "input": InputError("wrong input"),
                "operation": OperationError("wrong state"),
                "command": CommandError("was found", Exit.FINDINGS, {"code": "found"}),
                "interrupt": KeyboardInterrupt(),
            }[raises]

    monkeypatch.setitem(root.commands, "probe", command)
    return seen


def run(*args: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the root command; its exit code and everything it wrote."""
    result = CliRunner().invoke(root, args, env=env)
    return result.exit_code, result.output


@pytest.mark.parametrize("command", [each.name for each in COMMANDS])
def test_every_command_loads_under_its_name(command: str) -> None:
    """The table names commands that exist, and its lines are how their own help begins."""
    (row,) = [each for each in COMMANDS if each.name == command]
    loaded = row.load()

    assert loaded.name == command
    assert (loaded.help or "").startswith(row.summary.removesuffix("."))


@pytest.mark.parametrize(
    "args", [["--help"], ["check", "--help"], ["plan", "--help"], ["rules"], ["--version"]]
)
def test_local_commands_load_no_server(args: list[str]) -> None:
    """Neither help nor a command on files imports Flask, gunicorn, gRPC or a database."""
    program = (
        "import sys, configsvc.cli as cli\n"
        "try: cli.root.main(prog_name='configsvc')\n"
        "except SystemExit: pass\n"
        f"print(sorted({SERVERS} & sys.modules.keys()), file=sys.stderr)\n"
    ).replace(f"{SERVERS} &", f"set({SERVERS}) &")
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "[]"


def test_help_imports_no_command() -> None:
    """The list of commands is written from the table."""
    program = (
        "import sys, configsvc.cli as cli\n"
        "try: cli.root.main(['--help'], prog_name='configsvc')\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('configsvc.cli.commands.')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert all(each.summary in done.stdout for each in COMMANDS)
    assert all(code.meaning in done.stdout for code in Exit)


def test_option_after_the_command_wins(probe: list[Invocation]) -> None:
    """A shared option may stand on both sides; the nearer one counts."""
    run("-n", "prod", "--output", "json", "probe", "-n", "staging")

    assert (probe[0].namespace, probe[0].output) == ("staging", "json")


def test_flag_wins_over_environment(probe: list[Invocation]) -> None:
    """A variable counts only where no flag is given, on either side."""
    environ = {"CONFIGSVC_NAMESPACE": "from-env", "CONFIGSVC_SERVER": "http://from-env"}
    run("-n", "prod", "probe", env=environ)

    assert (probe[0].namespace, probe[0].server) == ("prod", "http://from-env")


@pytest.mark.parametrize(
    ("args", "env", "expected"),
    [
        (["--token-file", "f", "probe"], {"CONFIGSVC_TOKEN": "t"}, (None, "f")),
        (["probe", "--token-file", "f"], {"CONFIGSVC_TOKEN": "t"}, (None, "f")),
        (["--token", "t", "probe"], {"CONFIGSVC_TOKEN_FILE": "f"}, ("t", None)),
        (["--token", "t", "probe", "--token-file", "f"], {}, (None, "f")),
        (["probe"], {"CONFIGSVC_TOKEN": "t", "CONFIGSVC_TOKEN_FILE": "f"}, ("t", None)),
        (["probe"], {"CONFIGSVC_TOKEN_FILE": "f"}, (None, "f")),
    ],
)
def test_one_token_is_used(
    probe: list[Invocation], args: list[str], env: dict[str, str], expected: tuple[str, str]
) -> None:
    """A flag hides the variables, whichever form of the token it gives."""
    run(*args, env=env)

    assert (probe[0].token, probe[0].token_file) == expected


@pytest.mark.parametrize(
    ("raises", "code", "message"),
    [
        ("input", Exit.INPUT, "error: wrong input\n"),
        ("operation", Exit.SERVER, "error: wrong state\n"),
        ("command", Exit.FINDINGS, "error: was found\n"),
        ("interrupt", Exit.INTERRUPTED, ""),
    ],
)
@pytest.mark.usefixtures("probe")
def test_error_ends_with_message_and_code(raises: str, code: Exit, message: str) -> None:
    """Errors raised on purpose never show a traceback; whoever must act decides the code."""
    assert run("probe", "--raises", raises) == (code, message)


@pytest.mark.usefixtures("probe")
def test_error_is_json_where_that_was_asked_for() -> None:
    """With --output json a script can read why a command failed."""
    code, output = run("probe", "-o", "json", "--raises", "command")

    assert (code, json.loads(output)) == (Exit.FINDINGS, {"error": {"code": "found"}})


def test_wrong_usage_ends_with_two() -> None:
    """Usage errors are input errors, and the nearest command is named."""
    code, output = run("chek")

    assert code == Exit.INPUT
    assert "check" in output


def test_module_runs_the_command_line() -> None:
    """``python -m configsvc`` is the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "configsvc", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("configsvc, version ")


def test_every_command_file_is_in_the_table() -> None:
    """One command per file, and no file that cannot be called."""
    folder = Path(import_module("configsvc.cli.commands").__path__[0])
    files = {f"configsvc.cli.commands.{f.stem}" for f in folder.glob("*.py")}

    assert {row.module for row in COMMANDS} == files - {"configsvc.cli.commands.__init__"}
    assert isinstance(root, LazyGroup)


def run_process(*args: str, **options: Any) -> "subprocess.CompletedProcess[bytes]":  # noqa: ANN401 subprocess's own
    """Run the command line as a process of its own."""
    command = [sys.executable, "-m", "configsvc", *args]
    return subprocess.run(command, check=False, timeout=30, **options)


def test_output_that_cannot_be_written_is_said() -> None:
    """A full disk is a message and an exit code, not a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = run_process("settings", stdout=full, stderr=subprocess.PIPE)

    assert done.returncode == Exit.INPUT
    assert done.stderr.startswith(b"error: the system refused: No space left on device; make room")


def test_reader_that_has_seen_enough_ends_quietly() -> None:
    """``configsvc settings | head -1`` writes no error."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = run_process("settings", stdout=pipe, stderr=subprocess.PIPE)

    assert done.stderr == b""


def test_terminal_without_a_character_is_no_error(tmp_path: Path) -> None:
    """What the character set of the output lacks is escaped."""
    file = tmp_path / "\u2603.yaml"
    file.write_text("kind: Nonsense")
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = run_process("check", str(file), env=environ, capture_output=True)

    assert done.returncode == Exit.INPUT
    assert b"\\u2603.yaml" in done.stdout
