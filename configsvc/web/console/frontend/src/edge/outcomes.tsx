/** What a hang, an error burst and a slow callee did to the calls of one process. */

import type { FaultImpact, FaultKind } from "../api/trials";
import { ProblemNote } from "../ui/parts";
import { span } from "../ui/spans";
import type { Tried } from "./trial";

const TITLES: Record<FaultKind, string> = {
  hang: "A hang",
  errors: "An error burst",
  slow: "A slow callee",
};
const HEIGHT = 60;

export function Outcomes({ tried, chosen }: { tried: Tried; chosen: FaultKind }) {
  const { trial, problem, running } = tried;
  return (
    <section class="stack" aria-label="What three faults do" aria-busy={running}>
      <div class="row">
        <h2>What three faults do</h2>
        <span class="muted small" role="status">
          {running ? "running…" : trial && `run by the agent's own engine at ${trial.rate} calls/s`}
        </span>
      </div>
      <ProblemNote problem={problem} />
      {trial && (
        <div class="outcomes">
          {trial.faults.map((fault) => (
            <Outcome
              key={fault.kind}
              fault={fault}
              length={trial.length}
              chosen={fault.kind === chosen}
            />
          ))}
        </div>
      )}
    </section>
  );
}

function Outcome(props: { fault: FaultImpact; length: number; chosen: boolean }) {
  const { fault } = props;
  const during = fault.phases.find((each) => each.name === "during");
  const after = fault.phases.find((each) => each.name === "after");
  return (
    <article class={props.chosen ? "card stack chosen-card" : "card stack"}>
      <h3>{TITLES[fault.kind]}</h3>
      <p class="muted small">
        For {span(fault.end - fault.start)} {fault.says}.
      </p>
      <Series fault={fault} length={props.length} />
      <dl class="facts">
        <dt>Answered meanwhile</dt>
        <dd>
          {during?.ok ?? 0} of {during?.calls ?? 0} calls
        </dd>
        <dt>The caller waits</dt>
        <dd>
          mostly {time(during?.p50)}, at most {time(during?.longest)}
        </dd>
        <dt>Attempts in all</dt>
        <dd>
          {fault.attempts} for {fault.calls} calls
        </dd>
        <dt>The breaker</dt>
        <dd>{moved(fault)}</dd>
        <dt>At once in the callee</dt>
        <dd>{fault.mostAtOnce}</dd>
        <dt>Afterwards</dt>
        <dd>{after?.failed ? `${after.failed} of ${after.calls} calls fail` : "no call fails"}</dd>
      </dl>
    </article>
  );
}

function moved(fault: FaultImpact): string {
  if (fault.opened === null) return "stays closed";
  const opens = `opens after ${span(Math.max(0, fault.opened - fault.start))}`;
  if (fault.recovered === null) return `${opens}, does not close again`;
  const over = fault.recovered - fault.end;
  const closes = over >= 0 ? `${span(over)} after the end` : `${span(-over)} before the end`;
  return `${opens}, closes ${closes}`;
}

/** Calls over time: answered, failed, the fault behind them, and when the breaker was open. */
function Series({ fault, length }: { fault: FaultImpact; length: number }) {
  const count = fault.series.length || 1;
  const most = Math.max(1, ...fault.series.map((each) => each.ok + each.failed));
  const x = (at: number) => (at / length) * count;
  const tall = (calls: number) => (calls / most) * (HEIGHT - 8);
  const label = `Calls over ${span(length)}: those that fail during the fault, and when the breaker was open.`;
  return (
    <svg
      class="series"
      viewBox={`0 0 ${count} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <rect
        class="fault"
        x={x(fault.start)}
        y={0}
        width={x(fault.end - fault.start)}
        height={HEIGHT}
      />
      {fault.series.map((each, index) => (
        <g key={each.at}>
          <rect
            class="ok"
            x={index + 0.1}
            y={HEIGHT - 6 - tall(each.ok)}
            width={0.8}
            height={tall(each.ok)}
          />
          <rect
            class="failed"
            x={index + 0.1}
            y={HEIGHT - 6 - tall(each.ok + each.failed)}
            width={0.8}
            height={tall(each.failed)}
          />
        </g>
      ))}
      {openTimes(fault, length).map(([from, to]) => (
        <rect key={from} class="open" x={x(from)} y={HEIGHT - 4} width={x(to - from)} height={4} />
      ))}
    </svg>
  );
}

function openTimes(fault: FaultImpact, length: number): [number, number][] {
  return fault.breaker.flatMap((move, index) => {
    const next = fault.breaker[index + 1]?.at ?? length;
    return move.state === "open" ? [[move.at, next] as [number, number]] : [];
  });
}

function time(value: number | null | undefined): string {
  if (value === null || value === undefined) return "without end";
  return value === 0 ? "not at all" : span(value);
}
