"""Commands that talk to a server, against a real node."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from configsvc.cli import root
from configsvc.cli.exits import Exit
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT
from tests.serving import RunningServer

Run = Callable[..., Result]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A namespace that no other test of the module uses."""
    return request.node.name.replace("test_", "").replace("_", "-")[:60].strip("-")


@pytest.fixture
def run(
    running_server: RunningServer,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run a command as the first admin, in a folder `p` with the sound system."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}")
    environ = {
        "CONFIGSVC_SERVER": running_server.url,
        "CONFIGSVC_TOKEN_FILE": str(running_server.data / "admin-token"),
        "CONFIGSVC_NAMESPACE": namespace,
    }

    def call(*args: str) -> Result:
        return CliRunner().invoke(root, args, env=environ)

    return call


def write(name: str, text: str) -> None:
    """Add a file to the folder."""
    Path("p", name).write_text(text)


def data_of(result: Result) -> Any:  # noqa: ANN401 any JSON
    """The JSON that a command wrote."""
    assert result.exit_code == Exit.CLEAN, result.output
    return json.loads(result.stdout)


def test_apply_publishes_a_folder(run: Run, namespace: str) -> None:
    """All files become one revision; the same files again change nothing."""
    first, again = run("apply", "p", "-m", "first"), run("apply", "p", "-m", "again")

    assert first.stdout.splitlines() == [
        f"published revision 1 of {namespace}",
        "  put Service/shop",
        "  put Service/stock",
        "  put Timeout/bounded",
        "  new bundles for shop, stock",
    ]
    assert again.stdout == f"nothing differs: {namespace} stays at revision 1\n"


def test_refused_change_shows_findings_in_the_files(run: Run) -> None:
    """The gate's findings are shown at their lines, the exit code is 1, nothing is published."""
    write("b.yaml", RETRY.replace("4", "9"))
    result = run("apply", "p", "-m", "too eager")

    assert result.exit_code == Exit.FINDINGS
    assert "error: refused: nothing was published because of 1 finding\n" in result.stderr
    assert "error[RT04] backoff-beyond-deadline: " in result.stderr
    assert "  --> p/b.yaml:6:3: " in result.stderr
    assert run("history").exit_code == Exit.INPUT


def test_broken_files_are_not_sent(run: Run, running_server: RunningServer) -> None:
    """What the server would refuse whole is refused here, with its line."""
    write("b.yaml", BROKEN)
    before = running_server.log.stat().st_size
    result = run("-o", "json", "apply", "p", "-m", "broken")

    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, error["errors"][0]["line"]) == (Exit.INPUT, 6)
    assert running_server.log.stat().st_size == before


def test_dry_run_says_what_would_change(run: Run) -> None:
    """The edges and findings of a change are shown, and nothing is written."""
    run("apply", "p", "-m", "first")
    write("b.yaml", RETRY)
    result = run("apply", "p", "-m", "eager", "--dry-run")

    assert result.exit_code == Exit.CLEAN
    assert "changed shop -> stock reserve\n" in result.stdout
    assert "  Retry.attempts: unset -> 4\n" in result.stdout
    assert "warning[RT03] dead-attempts: " in result.stdout
    assert "  --> p/b.yaml:6:3: " in result.stdout
    assert "would be published: " in result.stdout.splitlines()[-1]
    assert data_of(run("-o", "json", "history"))["items"][0]["revision"] == 1


def test_dry_run_of_a_refused_change_ends_with_one(run: Run) -> None:
    """A build server sees from the exit code that the gate would refuse."""
    write("a.yaml", SYSTEM)
    result = run("apply", "p", "-m", "unbounded", "--dry-run")

    assert result.exit_code == Exit.FINDINGS
    assert "would be refused: " in result.stdout.splitlines()[-1]


def test_change_on_an_old_base_is_a_conflict(run: Run) -> None:
    """Somebody else's change since the base ends with 4."""
    run("apply", "p", "-m", "first")
    write("a.yaml", f"{SYSTEM}---\n{TIMEOUT.replace('6s', '7s')}")
    run("apply", "p", "-m", "second")
    write("a.yaml", f"{SYSTEM}---\n{TIMEOUT.replace('6s', '8s')}")
    result = run("apply", "p", "-m", "third", "--base", "1")

    assert result.exit_code == Exit.CONFLICT
    assert "Timeout/bounded changed between your base 1 and the head 2" in result.stderr


def test_delete_and_prune(run: Run) -> None:
    """Resources go by name, or because no file has them any more."""
    write("b.yaml", RETRY.replace("4", "2"))
    run("apply", "p", "-m", "first")
    deleted = run("apply", "--delete", "Retry/eager", "-m", "by name")
    run("apply", "p", "-m", "again")
    Path("p", "b.yaml").unlink()
    pruned = run("apply", "p", "--prune", "-m", "by absence")

    assert "  deleted Retry/eager" in deleted.stdout
    assert "  deleted Retry/eager" in pruned.stdout
    assert data_of(run("get", "retry", "-o", "json"))["items"] == []


def test_apply_needs_something_to_do(run: Run) -> None:
    """Neither files nor deletes is a usage error."""
    assert run("apply", "-m", "nothing").exit_code == Exit.INPUT


def test_get_lists_and_shows(run: Run) -> None:
    """A list is a table, one resource its document, and the documents can be applied again."""
    run("apply", "p", "-m", "first")

    lines = run("get").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["Service", "shop"],
        ["Service", "stock"],
        ["Timeout", "bounded"],
    ]
    assert run("get", "timeout", "bounded").stdout == run("get", "Timeout/bounded").stdout
    assert "  overall: 6s\n" in run("get", "Timeout/bounded").stdout
    Path("p", "a.yaml").write_text(run("get", "--yaml").stdout)
    assert "nothing differs" in run("apply", "p", "-m", "again").stdout


def test_get_filters(run: Run, namespace: str) -> None:
    """By kind, by label, and as it was."""
    labelled = TIMEOUT.replace("{name: bounded}", "{name: bounded, labels: {team: a}}")
    write("a.yaml", f"{SYSTEM}---\n{labelled}")
    run("apply", "p", "-m", "first")

    assert len(data_of(run("get", "-o", "json", "--label", "team=a"))["items"]) == 1
    assert run("get", "Retry").stdout == f"no such resources in namespace {namespace}\n"
    assert run("get", "Retrie").exit_code == Exit.INPUT
    assert run("get", "Timeout/other").exit_code == Exit.INPUT
    assert run("get", "--revision", "9").exit_code == Exit.INPUT


def test_history_diff_and_rollback(run: Run, namespace: str) -> None:
    """Changes are listed newest first, compared, and undone by a new one."""
    run("apply", "p", "-m", "first")
    write("a.yaml", f"{SYSTEM}---\n{TIMEOUT.replace('6s', '7s')}")
    run("apply", "p", "-m", "second\nwith more to say")

    lines = run("history").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["revision", "2", "1"]
    assert lines[1].endswith("second")
    assert run("history", "--limit", "1").stderr == "older ones: configsvc history --before 2\n"
    difference = run("diff").stdout.splitlines()
    assert difference[:2] == ["--- Timeout/bounded@1", "+++ Timeout/bounded@2"]
    assert "-  overall: 6s" in difference
    assert "+  overall: 7s" in difference
    assert run("diff", "2", "2").stdout == "revisions 2 and 2 do not differ\n"
    assert "+++ Service/shop@1" in run("diff", "0", "1").stdout

    assert "Timeout.overall: 7s -> 6s" in run("rollback", "1", "-m", "back", "--dry-run").stdout
    back = run("rollback", "1", "-m", "back")
    assert back.stdout.startswith(f"published revision 3 of {namespace}\n")
    assert run("diff", "1", "3").stdout == "revisions 1 and 3 do not differ\n"


def test_explain_names_who_set_each_field(run: Run) -> None:
    """Each field has its value and the place that set it, or says that it is a default."""
    write("b.yaml", RETRY.replace("4", "2"))
    run("apply", "p", "-m", "first")
    lines = [
        line.split() for line in run("explain", "shop", "stock", "reserve").stdout.splitlines()
    ]

    assert ["overall", "6s", "Timeout/bounded@1", "/spec/overall"] in lines
    assert ["otherInstance", "true", "default"] in lines
    assert ["worst", "case:", "5s"] in lines
    assert ["requests", "for", "one:", "1.2x", "to", "2x"] in lines
    assert run("explain", "shop", "nobody").exit_code == Exit.INPUT
    found = data_of(run("explain", "shop", "stock", "reserve", "-o", "json"))
    assert {policy["kind"] for policy in found["policies"]} == {"Timeout", "Retry"}


def test_explain_draws_the_time_budget(run: Run) -> None:
    """Into a file, beside what it prints."""
    run("apply", "p", "-m", "first")

    done = run("explain", "shop", "stock", "reserve", "--svg", "budget.svg")

    assert "Timeout" in done.stdout
    assert Path("budget.svg").read_text().startswith("<svg ")
    assert run("explain", "shop", "stock", "--svg", "no/such/folder.svg").exit_code == Exit.INPUT


def test_fleet_of_a_quiet_namespace(run: Run) -> None:
    """Nobody is connected, and no change targets anybody."""
    run("apply", "p", "-m", "first")

    assert run("fleet").stdout == "no agents\n"
    assert run("fleet", "--watch").stdout == "no agents\n"  # no terminal: once
    assert data_of(run("fleet", "-o", "json", "--service", "shop"))["items"] == []
    convergence = run("fleet", "--revision", "1").stdout
    assert convergence.startswith("revision 1: 0 agents targeted: none")


def test_instances_of_a_quiet_namespace(run: Run) -> None:
    """Nobody has registered."""
    run("apply", "p", "-m", "first")

    assert run("instances").stdout == "no registered instances\n"
    assert data_of(run("instances", "shop", "-o", "json")) == {"items": []}


def test_tokens_are_made_listed_and_revoked(run: Run, namespace: str) -> None:
    """A new operator's token works until it is revoked; the list never shows a secret."""
    made = run(
        "token", "create", "--grant", f"{namespace}=viewer", "--label", "l", "--expires", "1h"
    )
    token = made.stdout.strip()
    identifier = token.split("_")[1]

    assert made.stderr == f"token {identifier} of {namespace}=viewer; it is not shown again\n"
    assert run("--token", token, "token", "list").exit_code == Exit.CLEAN
    assert run("--token", token, "apply", "p", "-m", "m").exit_code == Exit.SERVER
    listed = run("token", "list").stdout
    assert identifier in listed
    assert token not in listed
    assert run("token", "revoke", identifier).stdout.startswith(f"revoked {identifier} at ")
    refused = run("--token", token, "token", "list")
    assert refused.exit_code == Exit.SERVER
    assert "was revoked" in refused.stderr


def test_agent_token_goes_into_a_private_file(run: Run, namespace: str) -> None:
    """With --to-file the token is shown nowhere, and an existing file is not overwritten."""
    result = run("token", "create", "--agent", "shop", "--to-file", "t")
    text = Path("t").read_text()

    assert text.startswith("cfa_")
    assert stat.S_IMODE(Path("t").stat().st_mode) == 0o600
    assert text.strip() not in result.output
    assert f"of {namespace}/shop is in t" in result.stderr
    assert run("token", "create", "--agent", "shop", "--to-file", "t").exit_code == Exit.INPUT
    assert Path("t").read_text() == text


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--grant", "prod=viewer", "--agent", "shop"),
        ("--grant", "prod"),
        ("--grant", "prod=emperor"),
        ("--agent", "shop", "--expires", "soon"),
        ("--agent", "Not_A_Label", "--to-file", "refused"),
    ],
)
def test_token_that_makes_no_sense_is_refused(run: Run, args: tuple[str, ...]) -> None:
    """Bad input ends with 2 and leaves no file behind."""
    assert run("token", "create", *args).exit_code == Exit.INPUT
    assert not Path("refused").exists()


def test_namespaces_are_listed_and_set(run: Run, namespace: str) -> None:
    """A namespace has a head and settings."""
    run("apply", "p", "-m", "first")

    rows = [line.split() for line in run("namespace", "list").stdout.splitlines()]
    assert [namespace, "1"] in rows
    assert run("namespace", "settings", namespace).stdout.splitlines()[2].split() == [
        "strict",
        "False",
    ]
    assert (
        data_of(run("namespace", "settings", namespace, "--strict", "-o", "json"))["strict"] is True
    )


def test_refused_token_says_what_to_do(run: Run) -> None:
    """Without a good token every command ends with 3 and a hint."""
    result = run("--token", "nonsense", "get")

    assert result.exit_code == Exit.SERVER
    assert "give a token with --token-file FILE or CONFIGSVC_TOKEN_FILE" in result.stderr


def test_check_against_a_revision_tells_what_the_files_add(run: Run) -> None:
    """Files are put on top of a namespace; what only stands there is part of the check."""
    run("apply", "p", "-m", "first")
    Path("q").mkdir()
    Path("q", "b.yaml").write_text(RETRY)
    against_head = run("check", "q", "--against", "head", "--format", "json")
    against_first = run("check", "q", "--against", "1", "--format", "json")
    run("apply", "q", "-m", "eager")

    assert "RT03" in {each["code"] for each in data_of(against_head)["findings"]}
    assert against_first.stdout == against_head.stdout
    assert data_of(run("check", "q", "--against", "head", "--format", "json"))["findings"] == []
    assert "RT03" in {
        each["code"]
        for each in data_of(run("check", "q", "--against", "1", "--format", "json"))["findings"]
    }


def test_check_against_a_missing_revision_is_refused(run: Run) -> None:
    """The server's word for it is shown."""
    run("apply", "p", "-m", "first")

    assert run("check", "p", "--against", "7").exit_code == Exit.INPUT


def test_plan_compares_with_the_head_of_a_given_server(run: Run, namespace: str) -> None:
    """With a server at hand a plan shows what apply would do, with the revisions of the fields."""
    empty = data_of(run("plan", "p", "-o", "json"))
    run("apply", "p", "-m", "first")
    write("a.yaml", TIMEOUT.replace("6s", "5s"))
    result = run("plan", "p")

    assert empty["against"] == f"revision 0 of {namespace}"
    assert f"against revision 1 of {namespace}\n  ~ Timeout/bounded\n" in result.stdout
    assert "  Timeout.overall: 6s (Timeout/bounded@1) -> 5s (Timeout/bounded at p/a.yaml" in (
        result.stdout
    )
    assert len(data_of(run("-o", "json", "history"))["items"]) == 1


def test_plan_with_prune_deletes_what_is_not_in_the_files(run: Run) -> None:
    """Without it the files are put on top of the namespace."""
    run("apply", "p", "-m", "first")
    write("a.yaml", SYSTEM)
    kept, pruned = run("plan", "p"), run("plan", "p", "--prune")

    assert kept.stdout.startswith("nothing differs from revision 1 of ")
    assert "  - Timeout/bounded\n" in pruned.stdout
    assert pruned.exit_code == Exit.FINDINGS


def test_a_rollout_is_begun_shown_and_promoted(run: Run, namespace: str) -> None:
    """Stages are options; every move says the revision that it made."""
    run("apply", "p", "-m", "first")
    write("a.yaml", f"{SYSTEM}---\n{TIMEOUT.replace('2s', '3s')}")
    begun = run("apply", "p", "-m", "patience", "--rollout", "10%/1m,100%")
    assert begun.stdout.splitlines()[0] == (
        f"rolling out revision 2 of {namespace}: configsvc rollout show 2"
    )
    shown = run("rollout", "show", "2").stdout.splitlines()
    assert shown[0] == "rollout 2 is rolling: patience"
    assert "  stage 1 of 2: 10% of the fleet, 1m to bake" in shown
    assert "  0 of 0 agents are members: none" in shown
    assert "  changes Timeout/bounded" in shown
    paused = run("rollout", "pause", "2", "-m", "lunch")
    assert paused.stdout == f"revision 3 of {namespace}: pause 2\n"
    assert "because lunch" in run("rollout", "show", "2").stdout
    assert run("rollout", "resume", "2").exit_code == Exit.CLEAN
    assert run("rollout", "promote", "2").stdout == f"revision 5 of {namespace}: promote 2\n"
    (item,) = data_of(run("rollout", "list", "--output", "json"))["items"]
    assert item["phase"] == "promoted"
    assert "promoted" in run("rollout", "list").stdout


def test_a_plan_may_be_a_file(run: Run) -> None:
    """With labels and a gate; what is wrong with it is told by its place."""
    run("apply", "p", "-m", "first")
    write("a.yaml", f"{SYSTEM}---\n{TIMEOUT.replace('2s', '3s')}")
    Path("plan.yaml").write_text("stages:\n- labels: {zone: a}\n- share: 100%\n")
    Path("bad.yaml").write_text("stages:\n- share: 50%\n- share: 20%\n")
    refused = run("apply", "p", "-m", "m", "--rollout", "bad.yaml")
    assert refused.exit_code == Exit.INPUT
    assert "20% follows 50%" in refused.output
    assert run("apply", "p", "-m", "m", "--rollout", "plan.yaml").exit_code == Exit.CLEAN
    aborted = run("rollout", "abort", "2", "-m", "not today")
    assert aborted.exit_code == Exit.CLEAN
    assert run("rollout", "promote", "2").exit_code != Exit.CLEAN


def test_a_plan_that_is_nothing_is_refused(run: Run) -> None:
    """The error says what would have been taken."""
    result = run("apply", "p", "-m", "m", "--rollout", "50")
    assert result.exit_code == Exit.INPUT
    assert "50 is neither stages such as '5%/10m,50%' nor a file that can be read" in result.output
