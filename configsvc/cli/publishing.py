"""Sending a change, or only asking what it would do, and telling the outcome."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.findings import Locate, findings_text, nowhere
from configsvc.cli.options import Invocation
from configsvc.cli.terminal import counted, write_json
from configsvc.cli.value_text import value_text

_SHOWN_EDGES = 20
_SHOWN_SERVICES = 8


def publish(
    invocation: Invocation,
    client: Client,
    path: str,
    body: Mapping[str, Any],
    *,
    dry_run: bool,
    locate: Locate = nowhere,
) -> Exit:
    """Send a change or a rollback, write what became of it, and return the exit code.

    Args:
        invocation: says in which form.
        client: for the server.
        path: what of the namespace to post to.
        body: what to post.
        dry_run: only ask what would happen; a change that the gate refuses ends with 1.
        locate: where resources stand in local files.

    Raises:
        CommandError: the server refuses; findings are part of its message.
    """
    try:
        answer = client.send(
            "POST",
            client.in_namespace(path),
            dict(body),
            query={"dryRun": "true"} if dry_run else None,
            headers=None if dry_run else {"Idempotency-Key": str(uuid.uuid4())},
        ).body
    except CommandError as exc:
        findings = exc.detail.get("findings")
        if not findings:
            raise
        message = f"{_refusal(exc)}\n\n{findings_text(findings, locate)}"
        raise CommandError(message, exc.code, exc.detail) from exc
    if invocation.as_json:
        write_json(answer)
    else:
        for line in (_judged if dry_run else _published)(answer, locate):
            click.echo(line)
    return Exit.CLEAN if answer.get("publishable", True) else Exit.FINDINGS


def _refusal(error: CommandError) -> str:
    """Why a change is refused, without the findings, which follow in full."""
    if error.code is Exit.FINDINGS:
        count = counted(len(error.detail["findings"]), "finding")
        return f"refused: nothing was published because of {count}"
    return error.message.partition("\n")[0]


def _published(answer: Mapping[str, Any], _locate: Locate) -> Iterator[str]:
    namespace, revision = answer["namespace"], answer["revision"]
    if not answer["changed"]:
        yield f"nothing differs: {namespace} stays at revision {revision}"
        return
    if answer.get("rollout"):
        yield f"rolling out revision {revision} of {namespace}: configsvc rollout show {revision}"
    else:
        yield f"published revision {revision} of {namespace}"
    for each in answer["resources"]:
        yield f"  {'put' if each['digest'] else 'deleted'} {each['kind']}/{each['name']}"
    services = answer["services"]
    if services:
        more = len(services) - _SHOWN_SERVICES
        names = ", ".join(services[:_SHOWN_SERVICES]) + (f" and {more} more" if more > 0 else "")
        yield f"  new bundles for {names}"


def _judged(answer: Mapping[str, Any], locate: Locate) -> Iterator[str]:
    """What a change would do: the edges that it changes, then the findings that it adds."""
    for edge in answer["edges"][:_SHOWN_EDGES]:
        yield "{change} {from} -> {to} {operation}".format(**edge)
        for field in edge["fields"]:
            before, after = value_text(field["before"]), value_text(field["after"])
            yield f"  {field['path']}: {before} -> {after}"
    more = answer["edgesTotal"] - len(answer["edges"][:_SHOWN_EDGES])
    if more > 0:
        yield f"and {counted(more, 'more edge')}"
    added = set(answer["added"])
    findings = [each for each in answer["findings"] if each["fingerprints"][0] in added]
    if findings:
        yield ""
        yield findings_text(findings, locate)
    yield ""
    verdict = "would be published" if answer["publishable"] else "would be refused"
    added_count = counted(len(findings), "finding")
    yield f"{verdict}: {added_count} added, {len(answer['resolved'])} resolved"
