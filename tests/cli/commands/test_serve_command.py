"""``configsvc serve``: its flags are the settings, and wrong ones never start anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from configsvc.cli import root
from configsvc.cli.exits import Exit
from configsvc.settings import rows


def serve(*args: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and everything written."""
    result = CliRunner().invoke(root, ["serve", *args], env=env)
    return result.exit_code, result.output


def test_every_setting_is_a_flag_with_its_default() -> None:
    """The help has a flag for each row of the table, with its bounds."""
    words = serve("--help")[1].split()
    text = " ".join(words)

    for row in rows():
        assert row.flag in words
    assert "Processes that serve the operator plane. [1 to 64; default: 2]" in text


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--operator-workers", "0"), "from --operator-workers is '0': expected a whole number"),
        (("--operator-listen", "8700"), "expected host:port such as 127.0.0.1:8700"),
        (("--log-format", "xml"), "'xml' is not one of 'json', 'text'"),
        (("--tls-key", "k.pem"), "expected tls_certificate beside it"),
        (("--heartbeets", "1"), "No such option"),
    ],
)
def test_wrong_value_is_refused(args: tuple[str, ...], message: str) -> None:
    """A flag with a bad value ends with 2 and says what is expected."""
    code, output = serve(*args)

    assert code == Exit.INPUT
    assert message in output


def test_file_and_variables_are_read(tmp_path: Path) -> None:
    """A TOML file gives settings, a variable wins over it, a flag over both."""
    file = tmp_path / "node.toml"
    file.write_text("heartbeat = 0\n")

    assert f"from {file} is 0" in serve("--config", str(file))[1]
    variable = {"CONFIGSVC_HEARTBEAT": "-1"}
    assert "from CONFIGSVC_HEARTBEAT is '-1'" in serve("--config", str(file), env=variable)[1]
    output = serve("--config", str(file), "--heartbeat", "-2", env=variable)[1]
    assert "from --heartbeat is '-2'" in output
    assert serve("--config", str(tmp_path / "missing.toml"))[0] == Exit.INPUT
