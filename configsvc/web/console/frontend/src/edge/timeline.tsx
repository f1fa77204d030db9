/** The time budget of a call, to scale: who waits above, the attempts, what takes time below. */

import type { Timeline as Around, TimeBudget } from "../api/trials";
import { span } from "../ui/spans";
import { Axis } from "./axis";
import type { Attempt, Run, Wait } from "./budget";
import { Grip, type Handle, LINE, linesOf } from "./grip";
import { FOOT, ROW, roomFor, type Scale, TOP, useScale } from "./scale";

interface Props {
  run: Run;
  around: Around;
  handles: readonly Handle[];
}

/** Pixels that the label beside a mark takes. */
const LABEL = 30;

export function Timeline({ run, around, handles }: Props) {
  const { above, below } = around;
  const budgets = [...above, ...below].map((each) => each.time);
  const scale = useScale(
    roomFor([run.end, ...budgets, ...handles.map((each) => each.from + each.value)]),
  );
  const rows = above.length + 1 + below.length;
  const top = TOP + above.length * ROW;
  const foot = TOP + rows * ROW + 4;
  const lines = linesOf(handles, scale);
  const height = foot + FOOT + LINE * Math.max(0, ...lines);
  return (
    <svg
      ref={scale.surface}
      class="timeline"
      viewBox={`0 0 ${scale.width} ${height}`}
      style={{ height: `${height}px` }}
      role="group"
      aria-label="Time budget"
    >
      <Axis scale={scale} foot={foot} />
      <Budgets list={above} top={TOP} side="above" scale={scale} />
      {run.parts.map((part) =>
        part.kind === "attempt" ? (
          <AttemptBar key={`a${part.number}`} attempt={part} top={top} scale={scale} />
        ) : (
          <WaitBar key={`w${part.from}`} wait={part} top={top} scale={scale} />
        ),
      )}
      <Budgets list={below} top={top + ROW} side="below" scale={scale} />
      <Marks latency={around.latency} foot={foot} scale={scale} />
      {handles.map((each, index) => (
        <Grip key={each.label} handle={each} scale={scale} foot={foot} line={lines[index] ?? 0} />
      ))}
    </svg>
  );
}

function Budgets(props: {
  list: readonly TimeBudget[];
  top: number;
  side: "above" | "below";
  scale: Scale;
}) {
  return (
    <>
      {props.list.map((each, index) => {
        const y = props.top + index * ROW;
        return (
          <g key={each.label} class={`budget budget-${props.side}`}>
            <rect x={0} y={y + 6} width={props.scale.x(each.time)} height={ROW - 12} rx="3" />
            <text x={6} y={y + 19}>
              {each.label}: {span(each.time)}
            </text>
          </g>
        );
      })}
    </>
  );
}

function AttemptBar({ attempt, top, scale }: { attempt: Attempt; top: number; scale: Scale }) {
  const from = scale.x(attempt.from);
  const to = attempt.end === "never" ? scale.width : scale.x(attempt.to);
  return (
    <g class={`attempt end-${attempt.end}`}>
      <rect x={from} y={top + 3} width={Math.max(2, to - from - 1)} height={ROW - 6} rx="3" />
      {to - from > 16 && (
        <text x={from + 6} y={top + 19}>
          {attempt.number}
        </text>
      )}
    </g>
  );
}

function WaitBar({ wait, top, scale }: { wait: Wait; top: number; scale: Scale }) {
  const [from, low, high] = [0, wait.low, wait.high].map((each) => scale.x(wait.from + each));
  return (
    <g class="wait">
      <title>
        {span(wait.low)} to {span(wait.high)}
      </title>
      <rect x={from} y={top + 11} width={(high ?? 0) - (from ?? 0)} height={8} />
      <line x1={low} x2={low} y1={top + 8} y2={top + 22} />
    </g>
  );
}

function Marks(props: { latency: Around["latency"]; foot: number; scale: Scale }) {
  const { x } = props.scale;
  const { p50, p99 } = props.latency;
  const close = p50 !== null && p99 !== null && x(p99) - x(p50) < LABEL;
  const marks = [
    { at: p50, text: close ? "" : "p50" },
    { at: p99, text: close ? "p50, p99" : "p99" },
  ];
  return (
    <>
      {marks.map(({ at, text }) =>
        at ? (
          <g key={at} class="mark">
            <line x1={x(at)} x2={x(at)} y1={TOP} y2={props.foot} />
            <text x={x(at) + 3} y={TOP - 1}>
              {text}
            </text>
          </g>
        ) : null,
      )}
    </>
  );
}
