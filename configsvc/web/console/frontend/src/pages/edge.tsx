/** One edge: how the time of a call is spent, which policy says so, and what would go wrong. */

import { useEffect } from "preact/hooks";
import { inNamespace } from "../api/client";
import { edgeStates, findingsTold, head } from "../api/live";
import type { EdgeId, Explanation, Findings, Graph } from "../api/types";
import { enter, preview, repair } from "../draft/draft";
import { Fields } from "../edge/fields";
import { Spent } from "../edge/spent";
import { sameEdge, useValues } from "../edge/values";
import { edgesOf } from "../graph/model";
import { go, href, place } from "../router";
import { mayPublish } from "../session";
import { useAnswer } from "../ui/asking";
import { FindingCard } from "../ui/finding";
import { ProblemNote, State } from "../ui/parts";
import { ChangeBar } from "./change-bar";

export default function EdgePage() {
  const { namespace, rest } = place.value;
  const [from = "", to = "", operation = "*"] = rest;
  const edge = { from, to, operation };
  const revision = head.value?.revision;
  useEffect(() => enter(namespace), [namespace]);
  const { data, problem } = useAnswer<Explanation>(
    inNamespace(namespace, "edges", from, to, operation),
    revision,
  );
  return (
    <section class="page">
      <header class="page-head">
        <h1>
          <a href={href(namespace, "map")}>Map</a> / {from} → {to}
        </h1>
        <Operations edge={edge} />
        <Live edge={edge} />
      </header>
      <ProblemNote problem={problem} />
      {data && <Explained edge={edge} explanation={data} />}
      <ChangeBar />
    </section>
  );
}

function Explained({ edge, explanation }: { edge: EdgeId; explanation: Explanation }) {
  const at = useValues(edge, explanation);
  return (
    <>
      <Spent edge={edge} explanation={explanation} at={at} />
      <EdgeFindings edge={edge} />
      <Fields explanation={explanation} at={at} />
    </>
  );
}

function Operations({ edge }: { edge: EdgeId }) {
  const { namespace } = place.value;
  const { data } = useAnswer<Graph>(inNamespace(namespace, "graph"));
  const own = data?.edges.filter((each) => each.from === edge.from && each.to === edge.to) ?? [];
  const names = [...new Set([...own.map((each) => each.operation), edge.operation, "*"])];
  return (
    <label>
      <span class="sr-only">Operation</span>
      <select
        class="mono"
        value={edge.operation}
        onChange={(e) => go(href(namespace, "edges", edge.from, edge.to, e.currentTarget.value))}
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** What the caller's agents say of the edge right now. */
function Live({ edge }: { edge: EdgeId }) {
  const states = [...edgeStates.value.values()].filter(
    (each) => each.from === edge.from && each.to === edge.to,
  );
  const rate = states.reduce((sum, each) => sum + each.rate, 0);
  const failures = states.reduce((sum, each) => sum + each.failures, 0);
  const breakers = new Map<string, number>();
  for (const each of states)
    for (const [state, count] of Object.entries(each.breakers))
      breakers.set(state, (breakers.get(state) ?? 0) + count);
  return (
    <span class="row" role="status">
      {[...breakers].map(([state, count]) => (
        <span key={state}>
          <State state={state} /> <span class="sr-only">breakers: </span>
          {count > 1 && count}
        </span>
      ))}
      {states.length > 0 && (
        <span class="mono muted">
          {rate.toFixed(1)} calls/s{failures > 0 && `, ${failures.toFixed(1)} fail`}
        </span>
      )}
    </span>
  );
}

function EdgeFindings({ edge }: { edge: EdgeId }) {
  const { namespace } = place.value;
  const live = useAnswer<Findings>(
    inNamespace(namespace, "findings"),
    `${head.value?.revision} ${findingsTold.value}`,
  ).data;
  const all = preview.value?.findings ?? live?.items ?? [];
  const own = all.filter((each) => edgesOf(each).some((other) => sameEdge(other, edge)));
  if (!live) return null;
  return (
    <section class="stack" aria-label="Findings of this edge" aria-live="polite">
      {preview.value?.errors.map((error) => (
        <p class="note note-error" key={error.message}>
          {error.message} {error.hint && `(${error.hint})`}
        </p>
      ))}
      {own.length === 0 && <p class="note note-good">No finding: its policies fit together.</p>}
      {own.map((each) => (
        <FindingCard key={each.fingerprints[0]} finding={each}>
          {each.fix && mayPublish.value && (
            <button type="button" class="primary" onClick={() => void repair(each)}>
              {each.fix.title}
            </button>
          )}
        </FindingCard>
      ))}
    </section>
  );
}
