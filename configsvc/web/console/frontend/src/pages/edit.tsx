/** One document: as YAML, as a form, and against what is live; and what the server says of it. */

import type { Diagnostic } from "@codemirror/lint";
import { useEffect, useMemo, useState } from "preact/hooks";
import { inNamespace, Refusal } from "../api/client";
import type { Finding, Graph, Problem, ProblemError } from "../api/types";
import { hasComments, parsed, rangeOf, written } from "../draft/documents";
import {
  checkProblem,
  type Draft,
  drafts,
  edit,
  enter,
  indexOf,
  isChanged,
  open,
  preview,
  repair,
  revert,
  setDeleted,
} from "../draft/draft";
import { CodeEditor } from "../editor/code";
import type { Spot } from "../editor/cursor";
import { Diff } from "../editor/diff";
import { Form } from "../editor/form";
import { href, place } from "../router";
import { mayPublish } from "../session";
import { useAnswer } from "../ui/asking";
import { Choice, ProblemNote } from "../ui/parts";
import { ChangeBar } from "./change-bar";
import { Effects } from "./effects";

type View = "yaml" | "form" | "diff";

export default function Edit() {
  const { namespace, rest } = place.value;
  const [kind = "", name = ""] = rest;
  const key = `${kind}/${name}`;
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    enter(namespace);
    setProblem(undefined);
    open(kind, name).catch((error: unknown) => {
      if (error instanceof Refusal) setProblem(error.problem);
      else throw error;
    });
  }, [namespace, key]);
  const draft = drafts.value.get(key);
  return (
    <section class="page edit-page">
      <header class="page-head">
        <h1>
          <a href={href(namespace, "resources")}>{kind}</a> / {name}
        </h1>
        {draft && isChanged(draft) && <span class="tag">{draft.original ? "edited" : "new"}</span>}
        {!mayPublish.value && <span class="tag">read only</span>}
      </header>
      <ProblemNote problem={problem} />
      {draft && <Editor draft={draft} key={key} />}
      <ChangeBar />
    </section>
  );
}

function Editor({ draft }: { draft: Draft }) {
  const [view, setView] = useState<View>("yaml");
  const readOnly = !mayPublish.value || draft.deleted;
  return (
    <>
      <div class="row">
        <Choice
          label="View"
          value={view}
          onChange={setView}
          options={[
            ["yaml", "YAML"],
            ["form", "Form"],
            ["diff", "Diff"],
          ]}
        />
        <span class="grow" />
        {isChanged(draft) && (
          <button type="button" class="quiet" onClick={() => revert(draft.key)}>
            {draft.original ? "Undo all here" : "Give it up"}
          </button>
        )}
        {mayPublish.value && draft.original && !draft.deleted && (
          <button type="button" class="quiet bad" onClick={() => setDeleted(draft.key, true)}>
            Delete
          </button>
        )}
      </div>
      {draft.deleted && (
        <p class="note note-warning">
          This change deletes the document; what it covered comes back.
        </p>
      )}
      {isChanged(draft) && !draft.deleted && hasComments(draft.text) && (
        <p class="note note-warning" role="status">
          Comments are not kept: what is published is the document alone. Say why in the message of
          the change, which stays in the history.
        </p>
      )}
      <div class="edit-columns">
        <div class="card edit-main">
          {view === "yaml" && <Yaml draft={draft} readOnly={readOnly} />}
          {view === "form" && <Form draft={draft} readOnly={readOnly} />}
          {view === "diff" && (
            <Diff
              before={draft.original ? written(draft.original) : ""}
              after={draft.deleted ? "" : draft.text}
              labels={["Live", "Your change"]}
            />
          )}
        </div>
        <aside class="edit-side" aria-label="What the server says">
          <ProblemNote problem={checkProblem.value ?? undefined} />
          <Effects of={draft.key} />
        </aside>
      </div>
    </>
  );
}

function Yaml({ draft, readOnly }: { draft: Draft; readOnly: boolean }) {
  const { namespace } = place.value;
  const { data: graph } = useAnswer<Graph>(inNamespace(namespace, "graph"));
  const seen = preview.value;
  const diagnostics = useMemo(() => diagnosticsOf(draft, seen?.findings), [draft, seen]);
  return (
    <CodeEditor
      kind={draft.kind}
      text={draft.text}
      readOnly={readOnly}
      diagnostics={diagnostics}
      label={`${draft.key} as YAML`}
      names={(field, spot) => namesOf(graph, field, spot)}
      onChange={(text) => edit(draft.key, text)}
    />
  );
}

/** Names of services where a service is meant, of operations where an operation is. */
function namesOf(graph: Graph | undefined, field: string, spot: Spot): string[] {
  const nodes = graph?.nodes ?? [];
  if (field === "from" || field === "to") return nodes.map((node) => node.name);
  if (field === "operation" && spot.path.length)
    return [...new Set(nodes.flatMap((node) => node.operations))];
  return [];
}

function diagnosticsOf(draft: Draft, findings: readonly Finding[] = []): Diagnostic[] {
  const { tree, faults } = parsed(draft.text);
  if (faults.length) return faults.map((fault) => ({ ...fault, severity: "error" as const }));
  const prefix = `/put/${indexOf(draft.key)}`;
  const errors = (preview.value?.errors ?? []).filter((each) => isWithin(each, prefix));
  return [
    ...errors.map((error) => ({
      ...rangeOf(tree, (error.pointer ?? "").slice(prefix.length)),
      severity: "error" as const,
      message: worded(error),
    })),
    ...findings.flatMap((finding) => findingsAt(draft, finding)),
  ];

  function findingsAt(of: Draft, finding: Finding): Diagnostic[] {
    const places = (finding.places ?? []).filter((each) => each.resource === of.key);
    return places.slice(0, 1).map((at) => ({
      ...rangeOf(tree, at.pointer),
      severity: finding.severity,
      source: finding.code,
      message: finding.message,
      ...(finding.fix && mayPublish.value ? { actions: [fixOf(finding)] } : {}),
    }));
  }
}

function fixOf(finding: Finding) {
  return { name: finding.fix?.title ?? "Repair", apply: () => void repair(finding) };
}

function isWithin(error: ProblemError, prefix: string): boolean {
  const pointer = error.pointer ?? "";
  return pointer === prefix || pointer.startsWith(`${prefix}/`);
}

function worded(error: ProblemError): string {
  return error.hint ? `${error.message} (${error.hint})` : error.message;
}
