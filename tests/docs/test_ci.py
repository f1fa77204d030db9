"""The page about CI, the hooks and the action: what they run does what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]

pytestmark = pytest.mark.timeout(180)


def run(command: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command as a build does."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [*BASH, command],
        cwd=folder,
        env={**env, "PATH": PATH, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    """Every ``console`` block runs in order, and writes the lines it shows."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    page = (ROOT / "docs" / "ci.md").read_text()
    steps = [step for block in CONSOLE.findall(page) for step in re.split(r"(?m)^\$ ", block)[1:]]
    for step in steps:
        command, *lines = step.rstrip().splitlines()
        done = run(command, tmp_path)
        said = " ".join(done.stdout.split())
        assert done.returncode == 0, done.stdout
        for line in lines:
            assert " ".join(line.split()) in said, (
                f"{command} did not write {line!r}:\n{done.stdout}"
            )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone whose branch changes the policies of ``main`` for the worse."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(ROOT / "examples" / "three-engines", origin / "policies")
    git = "git -c user.name=x -c user.email=x@example.com"
    assert run(f"git init -qb main && git add . && {git} commit -qm one", origin).returncode == 0
    assert run(f"git clone -q {shlex.quote(str(origin))} clone", tmp_path).returncode == 0
    retries = clone / "policies" / "policies" / "retries.yaml"
    retries.write_text(retries.read_text().replace("  attempts: 2\n", "  attempts: 6\n"))
    return clone


class Action:
    """Runs the steps of the action that are scripts, as a runner does."""

    def __init__(self, repository: Path) -> None:
        self.folder = repository
        self.action: Any = yaml.safe_load((ROOT / "action.yml").read_text())
        self.temporary = repository.parent / "runner"
        self.temporary.mkdir()

    def run(self, **given: str) -> subprocess.CompletedProcess[str]:
        """Run the steps with some inputs, and the defaults of the others; the last result."""
        inputs = {name: each["default"] for name, each in self.action["inputs"].items()}
        inputs |= {"base": ""} | {name.replace("_", "-"): value for name, value in given.items()}
        environ = {
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ENV": str(self.temporary / "env"),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary"),
        }
        (self.temporary / "env").write_text("")
        done = None
        for step in self.action["runs"]["steps"]:
            if "run" not in step or step["name"] == "Install configsvc":
                continue
            if "if" in step and not inputs["base"]:
                continue
            env = {name: self._filled(value, inputs) for name, value in step["env"].items()}
            done = run(step["run"], self.folder, **environ, **env)
            exported = (self.temporary / "env").read_text().splitlines()
            environ |= dict(line.split("=", 1) for line in exported)
        assert done is not None
        return done

    @staticmethod
    def _filled(value: str, inputs: dict[str, str]) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)


@pytest.mark.slow
def test_the_action_reports_what_a_pull_request_adds(repository: Path) -> None:
    """Annotations, a SARIF log and the plan tell the one finding that the branch adds."""
    action = Action(repository)
    done = action.run(base="main", fail_on="warning", sarif="found.sarif", plan="true")

    assert done.returncode == 1
    assert "::warning file=policies/policies/retries.yaml,line=8,col=3,title=RT03" in done.stdout
    assert '"ruleId": "RT03"' in (repository / "found.sarif").read_text()
    assert "3 edges changed, 1 finding added" in (action.temporary / "summary").read_text()
    assert action.run(fail_on="error").returncode == 0


@pytest.mark.slow
def test_the_action_takes_a_base_without_policies(repository: Path) -> None:
    """The pull request that brings the first policies is compared with nothing."""
    (repository / "policies").rename(repository / "rules of ours")
    done = Action(repository).run(base="main", path="rules of ours", fail_on="warning")

    assert done.returncode == 1
    assert "title=RT03" in done.stdout


def test_every_input_of_the_action_is_used() -> None:
    """An input that nothing reads would be silently ignored."""
    text = (ROOT / "action.yml").read_text()

    for name in yaml.safe_load(text)["inputs"]:
        assert f"inputs.{name} }}}}" in text or f"inputs.{name} !=" in text


@pytest.mark.slow
def test_the_hooks_run_on_a_folder_of_policies(repository: Path) -> None:
    """Each hook's command works with the arguments that it has if nobody gives others."""
    hooks = {
        each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    }
    retries = repository / "policies" / "policies" / "retries.yaml"
    results = []
    for name in ("configsvc-check", "configsvc-fix"):
        hook = hooks[name]
        results.append(run(shlex.join([*shlex.split(hook["entry"]), *hook["args"]]), repository))
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
        assert all((ROOT / each).is_dir() for each in hook["additional_dependencies"])

    assert [each.returncode for each in results] == [0, 0]
    assert "warning[RT03]" in results[0].stdout
    assert "  attempts: 2\n" in retries.read_text()
