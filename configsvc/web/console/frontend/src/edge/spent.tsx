/** How the time of a call is spent under the values at hand, in a picture and in words. */

import { useState } from "preact/hooks";
import { head } from "../api/live";
import type { FaultKind } from "../api/trials";
import type { Bounds, EdgeId, Explanation } from "../api/types";
import { copies, worst } from "../pages/effects";
import { place } from "../router";
import { Choice } from "../ui/parts";
import { micros, span, written } from "../ui/spans";
import { BreakerPicture } from "./breaker";
import { breakerOf, type Policy, policyOf, type Run, run } from "./budget";
import type { Handle } from "./grip";
import { Outcomes } from "./outcomes";
import { Timeline } from "./timeline";
import { useTrial } from "./trial";
import type { EdgeValues } from "./values";

interface Props {
  edge: EdgeId;
  explanation: Explanation;
  at: EdgeValues;
}

export function Spent({ edge, explanation, at }: Props) {
  const [fault, setFault] = useState<FaultKind>("hang");
  const tried = useTrial(place.value.namespace, edge, head.value?.revision);
  const around = tried.trial?.timeline ?? explanation.timeline;
  const policy = policyOf(at.values, around);
  const { p50, p99 } = around.latency;
  const spent = run(policy, { p50: p50 ?? 0, p99: p99 ?? 0 }, fault);
  const breaker = breakerOf(at.values);
  const handles = [
    handleOf(at, "attempt", "Timeout.attempt", policy.queueing),
    handleOf(at, "overall", "Timeout.overall", 0),
    ...waits(at, spent),
  ].filter((each) => each !== null);
  return (
    <>
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
          <Timeline run={spent} around={around} handles={handles} />
        </div>
        <p aria-live="polite">{sentence(spent, policy, fault)}</p>
        <BoundsOf before={explanation.bounds} after={at.proposed?.bounds.after} />
        {breaker && (
          <BreakerPicture
            breaker={breaker}
            call={spent.end}
            rate={tried.trial?.rate ?? 1}
            onMove={handleOf(at, "", "CircuitBreaker.openFor", 0)?.onMove ?? null}
          />
        )}
      </section>
      <Outcomes tried={tried} chosen={fault} />
    </>
  );
}

function handleOf(at: EdgeValues, label: string, path: string, from: number): Handle | null {
  const value = micros(at.values.get(path));
  if (value === null) return null;
  const set = at.setter(path);
  return { label, value, from, onMove: set && ((to) => set(written(to))) };
}

/** The first back-off, where there is one: the others follow from it. */
function waits(at: EdgeValues, spent: Run): Handle[] {
  const first = spent.parts.find((part) => part.kind === "attempt");
  const repeated = spent.parts.some((part) => part.kind === "attempt" && part.number > 1);
  const handle = first && handleOf(at, "first back-off", "Retry.backoff.base", first.to);
  return handle && repeated ? [handle] : [];
}

/** What one call costs at the worst, as it is and as the change makes it. */
function BoundsOf({ before, after }: { before: Bounds | null; after: Bounds | null | undefined }) {
  const texts = [
    ["Worst case", worst],
    ["Requests per call", copies],
  ] as const;
  return (
    <dl class="facts">
      {texts.map(([name, text]) => (
        <>
          <dt>{name}</dt>
          <dd class="mono">
            {after === undefined ? text(before) : <s class="muted">{text(before)}</s>}
            {after !== undefined && ` → ${text(after)}`}
          </dd>
        </>
      ))}
    </dl>
  );
}

function sentence(spent: Run, policy: Policy, fault: FaultKind): string {
  const attempts = spent.parts.filter((part) => part.kind === "attempt");
  const last = attempts.at(-1);
  if (last?.end === "never") return "Nothing ends the call: it hangs as long as the callee does.";
  const made = `${attempts.length} of ${policy.attempts} ${policy.attempts === 1 ? "attempt" : "attempts"}`;
  const dead = spent.dead ? ` There is no time left for ${spent.dead} more.` : "";
  if (fault === "slow" && last?.end === "answer")
    return `Answers that take three times the 99th percentile still arrive, after ${span(spent.end)}.`;
  const by = last?.end === "overall" ? "the overall limit" : "its last attempt";
  return `The caller waits for up to ${span(spent.end)}: ${made} made, ended by ${by}.${dead}`;
}
