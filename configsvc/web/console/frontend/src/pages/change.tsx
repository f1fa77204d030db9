/** One change: what it did, what the rules said then, how far it has come, and the way back. */

import { useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { agents, head } from "../api/live";
import type { Convergence, Difference, RevisionWithReport } from "../api/types";
import { written } from "../draft/documents";
import { Diff } from "../editor/diff";
import { href, place } from "../router";
import { mayPublish } from "../session";
import { useAnswer } from "../ui/asking";
import { FindingCard } from "../ui/finding";
import { Empty, ProblemNote, State, Time } from "../ui/parts";
import { span } from "../ui/spans";
import { RollBack } from "./roll-back";

export default function Change() {
  const { namespace, rest, query } = place.value;
  const revision = Number(rest[0]);
  const from = Number(query.get("from") ?? revision - 1);
  const [back, setBack] = useState(false);
  const { data, problem } = useAnswer<RevisionWithReport>(
    inNamespace(namespace, "changes", revision),
  );
  const newest = head.value?.revision ?? revision;
  return (
    <section class="page">
      <header class="page-head">
        <h1>
          <a href={href(namespace, "history")}>History</a> / r{revision}
        </h1>
        {revision === newest && <span class="tag">in force</span>}
        <span class="grow" />
        {mayPublish.value && revision < newest && (
          <button type="button" onClick={() => setBack(true)}>
            Roll back to r{revision}…
          </button>
        )}
      </header>
      <ProblemNote problem={problem} />
      {data && (
        <div class="card">
          <p class="message">{data.message}</p>
          <p class="muted">
            {data.author}, <Time at={data.time} />
          </p>
        </div>
      )}
      <Reach revision={revision} />
      <Report data={data} />
      <h2>
        What differs from r{from}
        {from !== revision - 1 && " (chosen)"}
      </h2>
      <Differences from={from} to={revision} />
      {back && <RollBack to={revision} onClose={() => setBack(false)} />}
    </section>
  );
}

/** How far the change has come; asked again whenever an agent of the stream has moved. */
function Reach({ revision }: { revision: number }) {
  const { namespace } = place.value;
  const { data } = useAnswer<Convergence>(
    inNamespace(namespace, "changes", revision, "convergence"),
    agents.value,
  );
  if (!data) return null;
  if (data.targeted === 0)
    return (
      <p class="muted">It altered no connected agent's bundle, so there was nobody to reach.</p>
    );
  const applied = data.states.applied ?? 0;
  return (
    <section class="card stack" aria-label="Convergence" aria-live="polite">
      <div class="row">
        <strong>
          {applied} of {data.targeted} agents have applied it
        </strong>
        {Object.entries(data.states)
          .filter(([state]) => state !== "applied")
          .map(([state, count]) => (
            <span key={state}>
              <State state={state} /> {count}
            </span>
          ))}
      </div>
      <progress max={data.targeted} value={applied} aria-label="Agents that have applied it" />
      <dl class="facts">
        <dt>Half of them after</dt>
        <dd class="mono">{data.p50 === null ? "…" : span(data.p50)}</dd>
        <dt>99 % after</dt>
        <dd class="mono">{data.p99 === null ? "…" : span(data.p99)}</dd>
        <dt>The last after</dt>
        <dd class="mono">{data.last === null ? "…" : span(data.last)}</dd>
      </dl>
      {data.laggards.map((each) => (
        <p key={each.instance}>
          <State state={each.state} /> {each.service} <span class="mono">{each.instance}</span>
          {each.reason && <span class="bad"> {each.reason}</span>}
        </p>
      ))}
    </section>
  );
}

function Report({ data }: { data: RevisionWithReport | undefined }) {
  const findings = data?.report?.findings ?? [];
  if (!data?.report) return null;
  return (
    <details class="card">
      <summary>
        {findings.length
          ? `${findings.length} ${findings.length === 1 ? "finding was" : "findings were"} open when it was made`
          : "No finding was open when it was made"}
      </summary>
      <div class="stack">
        {findings.map((each) => (
          <FindingCard key={each.fingerprints[0]} finding={each} />
        ))}
      </div>
    </details>
  );
}

export function Differences({ from, to }: { from: number; to: number }) {
  const { namespace } = place.value;
  const { data, problem } = useAnswer<{ items: Difference[] }>(
    `${inNamespace(namespace, "diff")}?from=${from}&to=${to}`,
  );
  if (problem) return <ProblemNote problem={problem} />;
  if (data?.items.length === 0) return <Empty title="Nothing differs" />;
  return (
    <>
      {data?.items.map((each, index) => (
        <details class="card difference" key={`${each.kind}/${each.name}`} open={index < 4}>
          <summary>
            <span class="mono">
              {each.kind}/{each.name}
            </span>{" "}
            <span class="tag">
              {each.before === null ? "added" : each.after === null ? "deleted" : "changed"}
            </span>
          </summary>
          <Diff
            before={each.before ? written(each.before) : ""}
            after={each.after ? written(each.after) : ""}
            labels={[`r${from}`, `r${to}`]}
          />
        </details>
      ))}
    </>
  );
}
