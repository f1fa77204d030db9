/** One edge: how the time of a call is spent, which policy says so, and what would go wrong. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { edgeStates, findingsTold, head } from "../api/live";
import type { EdgeId, Explanation, Field, Findings, Graph, Json, Resource } from "../api/types";
import { amend, changed, enter, preview, repair } from "../draft/draft";
import { type Fault, type Latency, policyOf, run, valuesOf } from "../edge/budget";
import { type Bar, type Handle, Timeline } from "../edge/timeline";
import { edgesOf } from "../graph/model";
import { go, href, place } from "../router";
import { mayPublish } from "../session";
import { useAnswer } from "../ui/asking";
import { FindingCard, ResourceLink } from "../ui/finding";
import { Choice, ProblemNote, State } from "../ui/parts";
import { micros, span, written } from "../ui/spans";
import { ChangeBar } from "./change-bar";
import { copies, worst } from "./effects";

const HANDLES = [
  ["Timeout.attempt", "attempt"],
  ["Timeout.overall", "overall"],
] as const;

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
      {data && <Budget edge={edge} explanation={data} />}
      <EdgeFindings edge={edge} />
      {data && <Fields explanation={data} />}
      <ChangeBar />
    </section>
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

function Budget({ edge, explanation }: { edge: EdgeId; explanation: Explanation }) {
  const [fault, setFault] = useState<Fault>("hang");
  const [dragged, setDragged] = useState<ReadonlyMap<string, string>>(new Map());
  const { latency, bars } = useNeighbours(edge);
  const proposed = preview.value?.edges.find((each) => sameEdge(each, edge));
  const values = useMemo(() => {
    const all = new Map(valuesOf(explanation));
    for (const field of proposed?.fields ?? []) all.set(field.path, field.after);
    for (const [path, value] of dragged) all.set(path, value);
    return all;
  }, [explanation, proposed, dragged]);
  useEffect(() => {
    if (changed.value.length === 0) setDragged(new Map());
  }, [changed.value]);
  const policy = policyOf(values);
  const spent = run(policy, latency, fault);
  const handles: Handle[] = HANDLES.flatMap(([path, label]) => {
    const at = micros(values.get(path));
    if (at === null) return [];
    const source = fieldOf(explanation, path)?.sources[0];
    const move = (to: number) => {
      if (to < 0 || !source) return;
      const value = written(to);
      setDragged((old) => new Map([...old, [path, value]]));
      void amend(source.resource, [{ op: "replace", path: source.pointer, value }]);
    };
    return [{ name: label, label, at, onMove: source && mayPublish.value ? move : null }];
  });
  return (
    <section class="card stack" aria-label="Time budget">
      <div class="row">
        <h2>If the callee</h2>
        <Choice
          label="Fault"
          value={fault}
          onChange={setFault}
          options={[
            ["hang", "hangs"],
            ["errors", "answers with errors"],
            ["slow", "is slow"],
          ]}
        />
      </div>
      <div class="timeline-wrap" tabIndex={0} role="region" aria-label="Drawn to scale">
        <Timeline policy={policy} run={spent} latency={latency} bars={bars} handles={handles} />
      </div>
      <p aria-live="polite">{sentence(spent.end, spent, policy, fault)}</p>
      <dl class="facts">
        {proposed && (
          <>
            <dt>Worst case</dt>
            <dd class="mono">
              <s class="muted">{worst(proposed.bounds.before)}</s> → {worst(proposed.bounds.after)}
            </dd>
            <dt>Requests per call</dt>
            <dd class="mono">
              <s class="muted">{copies(proposed.bounds.before)}</s> →{" "}
              {copies(proposed.bounds.after)}
            </dd>
          </>
        )}
        {policy.openFor > 0 && (
          <>
            <dt>Breaker</dt>
            <dd>
              opens at {policy.failureRate || "its rate"} of {policy.window || "its window"}, stays
              open for {span(policy.openFor)}; calls are then turned away at once
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function sentence(
  end: number,
  spent: ReturnType<typeof run>,
  policy: ReturnType<typeof policyOf>,
  fault: Fault,
): string {
  const attempts = spent.parts.filter((part) => part.kind === "attempt");
  const last = attempts.at(-1);
  if (last?.end === "never") return "Nothing ends the call: it hangs as long as the callee does.";
  const made = `${attempts.length} of ${policy.attempts} ${policy.attempts === 1 ? "attempt" : "attempts"}`;
  const dead = spent.dead ? ` There is no time left for ${spent.dead} more.` : "";
  if (fault === "slow" && last?.end === "answer")
    return `Answers that take three times the 99th percentile still arrive, after ${span(end)}.`;
  const by = last?.end === "overall" ? "the overall limit" : "its last attempt";
  return `The caller waits for up to ${span(end)}: ${made} made, ended by ${by}.${dead}`;
}

/** What the services on both sides say of themselves: limits of their own, and latencies. */
function useNeighbours(edge: EdgeId): { latency: Latency; bars: Bar[] } {
  const { namespace } = place.value;
  const { data: graph } = useAnswer<Graph>(inNamespace(namespace, "graph"));
  const document = (name: string) => {
    const kind = graph?.nodes.find((node) => node.name === name)?.kind;
    return kind ? inNamespace(namespace, "resources", kind, name) : null;
  };
  const caller = useAnswer<Resource>(document(edge.from)).data;
  const callee = useAnswer<Resource>(document(edge.to)).data;
  return useMemo(() => {
    const calling = operationsOf(caller).filter((each) => calls(each, edge));
    const called = operationsOf(callee).find((each) => each.name === edge.operation);
    const percentiles = (called?.latency ?? {}) as Record<string, Json>;
    const bars: Bar[] = [];
    for (const each of calling) {
      const limit = micros(each.limit);
      const label = `${edge.from} ${String(each.name)}: own limit`;
      if (limit !== null) bars.push({ label, to: limit, className: "bar-caller" });
    }
    const limit = micros(called?.limit);
    const label = `${edge.to} ${edge.operation}: own limit`;
    if (limit !== null) bars.push({ label, to: limit, className: "bar-callee" });
    return {
      latency: { p50: micros(percentiles.p50) ?? 0, p99: micros(percentiles.p99) ?? 0 },
      bars,
    };
  }, [caller, callee, edge.operation]);
}

type Operation = Record<string, Json>;

/** What a service or a back end for front ends offers; a gateway has routes of its own. */
function operationsOf(resource: Resource | undefined): Operation[] {
  const spec = resource?.document.spec;
  return (spec?.operations ?? spec?.endpoints ?? []) as Operation[];
}

function calls(operation: Operation, edge: EdgeId): boolean {
  const list = (operation.calls ?? []) as { to?: string; operation?: string }[];
  return list.some((call) => call.to === edge.to && (call.operation ?? "*") === edge.operation);
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

function Fields({ explanation }: { explanation: Explanation }) {
  return (
    <section class="stack">
      <h2>Effective policy</h2>
      <div class="table-wrap" tabIndex={0} role="region" aria-label="Effective policy">
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
              <th scope="col">Covers</th>
            </tr>
          </thead>
          {explanation.policies.map((policy) => (
            <tbody key={policy.kind}>
              <tr class="group">
                <th colSpan={4} scope="rowgroup">
                  {policy.kind} {!policy.inForce && <span class="tag">not in force</span>}
                </th>
              </tr>
              {policy.fields.map((field) => (
                <Row key={field.path} field={field} />
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </section>
  );
}

function Row({ field }: { field: Field }) {
  return (
    <tr class={field.default ? "is-default" : ""}>
      <th scope="row" class="mono">
        {field.path}
      </th>
      <td class="mono">{shown(field.value)}</td>
      <td>
        {field.default && <span class="muted">default</span>}
        {field.sources.map((source) => (
          <span key={source.resource}>
            <ResourceLink resource={source.resource} />{" "}
            <span class="muted small">r{source.revision}</span>
          </span>
        ))}
      </td>
      <td>
        {field.covers.map((each) => (
          <div key={each.resource}>
            <s class="mono muted">{shown(each.value)}</s> <ResourceLink resource={each.resource} />
          </div>
        ))}
        {field.contenders.map((each) => (
          <div key={each.resource} class="bad">
            {shown(each.value)} <ResourceLink resource={each.resource} />
          </div>
        ))}
      </td>
    </tr>
  );
}

function fieldOf(explanation: Explanation, path: string): Field | undefined {
  const [kind, ...rest] = path.split(".");
  const policy = explanation.policies.find((each) => each.kind === kind);
  return policy?.fields.find((each) => each.path === rest.join("."));
}

function sameEdge(one: EdgeId, other: EdgeId): boolean {
  return one.from === other.from && one.to === other.to && one.operation === other.operation;
}

function shown(value: Json): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
