/** The time budget of a call, to scale; limits are dragged, or moved with the arrow keys. */

import { useRef } from "preact/hooks";
import { span } from "../ui/spans";
import type { Latency, Policy, Run } from "./budget";

export interface Handle {
  name: string;
  label: string;
  at: number;
  onMove: ((to: number) => void) | null;
}

export interface Bar {
  label: string;
  to: number;
  className: string;
}

interface Props {
  policy: Policy;
  run: Run;
  latency: Latency;
  bars: readonly Bar[];
  handles: readonly Handle[];
}

const WIDTH = 1000;
/** The room that a label beside a mark takes. */
const LABEL = 30;
const ROW = 30;
const TOP = 26;
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500];

export function Timeline({ policy, run, latency, bars, handles }: Props) {
  const surface = useRef<SVGSVGElement>(null);
  const scaleEnd = useRef(0);
  const needed = longest(policy, run, bars, handles);
  // While something is dragged the scale only grows: the handle stays below the pointer.
  const held = useRef(false);
  scaleEnd.current = held.current ? Math.max(scaleEnd.current, needed) : needed;
  const end = scaleEnd.current;
  const x = (time: number) => (Math.min(time, end) / end) * WIDTH;
  const rows = bars.length + 1;
  const height = TOP + rows * ROW + 26;
  const at = (bars.findIndex((bar) => bar.className === "bar-callee") + 1 || rows) - 1;
  const mainRow = Math.max(0, at);
  const top = TOP + mainRow * ROW;
  const drag = (handle: Handle) => (event: PointerEvent) => {
    const box = surface.current?.getBoundingClientRect();
    const move = handle.onMove;
    if (!box || !move) return;
    const target = event.currentTarget as Element;
    target.setPointerCapture(event.pointerId);
    held.current = true;
    const follow = (to: Event) => {
      const share = ((to as PointerEvent).clientX - box.left) / box.width;
      move(snapped(Math.max(0.004, share) * end, end));
    };
    const stop = () => {
      held.current = false;
      target.removeEventListener("pointermove", follow);
      target.removeEventListener("pointerup", stop);
      move(-1);
    };
    target.addEventListener("pointermove", follow);
    target.addEventListener("pointerup", stop);
  };
  const close = latency.p50 > 0 && x(latency.p99) - x(latency.p50) < LABEL;
  return (
    <svg
      ref={surface}
      class="timeline"
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="group"
      aria-label="Time budget"
    >
      <Axis end={end} x={x} height={height} />
      {bars.map((bar, index) => {
        const y = TOP + (index >= mainRow ? index + 1 : index) * ROW;
        return (
          <g key={bar.label} class={bar.className}>
            <rect x={0} y={y + 7} width={x(bar.to)} height={ROW - 14} rx="3" />
            <text x={6} y={y + 19}>
              {bar.label}
            </text>
          </g>
        );
      })}
      {run.parts.map((part) =>
        part.kind === "attempt" ? (
          <g key={`a${part.number}`} class={`attempt end-${part.end}`}>
            <rect
              x={x(part.from)}
              y={top + 3}
              width={Math.max(2, x(part.to) - x(part.from) - 1)}
              height={ROW - 6}
              rx="3"
            />
            <text x={x(part.from) + 6} y={top + 19}>
              {part.number}
            </text>
          </g>
        ) : (
          <g key={`w${part.from}`} class="wait">
            <rect
              x={x(part.from)}
              y={top + 11}
              width={x(part.from + part.high) - x(part.from)}
              height={8}
            />
            <line
              x1={x(part.from + part.low)}
              x2={x(part.from + part.low)}
              y1={top + 8}
              y2={top + 22}
            />
          </g>
        ),
      )}
      <Mark at={x(latency.p50)} height={height} text={close ? "" : "p50"} show={latency.p50 > 0} />
      <Mark
        at={x(latency.p99)}
        height={height}
        text={close ? "p50, p99" : "p99"}
        show={latency.p99 > 0}
      />
      {handles.map((handle, index) => (
        <Grip
          key={handle.name}
          handle={handle}
          x={x(handle.at)}
          height={height}
          end={end}
          anchor={anchor(
            x(handle.at),
            handles.filter((other) => other !== handle).map((other) => x(other.at)),
            index,
          )}
          drag={drag(handle)}
        />
      ))}
    </svg>
  );
}

function Grip(props: {
  handle: Handle;
  x: number;
  height: number;
  end: number;
  anchor: "start" | "middle" | "end";
  drag: (event: PointerEvent) => void;
}) {
  const { handle, x, height, end, anchor, drag } = props;
  const still = handle.onMove === null;
  const step = end / 100;
  const key = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by || !handle.onMove) return;
    event.preventDefault();
    handle.onMove(snapped(Math.max(step, handle.at + by * step), end));
  };
  return (
    <g
      class={`grip grip-${handle.name} ${still ? "still" : ""}`}
      role="slider"
      tabindex={0}
      aria-label={handle.label}
      aria-valuemin={0}
      aria-valuemax={Math.round(end / 1000)}
      aria-valuenow={Math.round(handle.at / 1000)}
      aria-valuetext={span(handle.at)}
      aria-disabled={still}
      onPointerDown={drag}
      onKeyDown={key}
    >
      <line x1={x} x2={x} y1={TOP - 4} y2={height - 24} />
      <rect x={x - 8} y={TOP - 8} width={16} height={height - TOP - 12} class="hit" />
      <circle cx={x} cy={height - 22} r="6" />
      <text x={x} y={height - 6} text-anchor={anchor}>
        {handle.label} {span(handle.at)}
      </text>
    </g>
  );
}

/** Which side of its line a label stands on: inside the picture, and clear of a near one's. */
function anchor(at: number, others: readonly number[], index: number): "start" | "middle" | "end" {
  if (at > WIDTH - 70) return "end";
  if (at < 70) return "start";
  const near = others.find((other) => Math.abs(other - at) < 140);
  if (near === undefined) return "middle";
  return near > at || (near === at && index === 0) ? "end" : "start";
}

function Mark({
  at,
  height,
  text,
  show,
}: {
  at: number;
  height: number;
  text: string;
  show: boolean;
}) {
  if (!show) return null;
  return (
    <g class="mark">
      <line x1={at} x2={at} y1={TOP} y2={height - 26} />
      <text x={at + 3} y={TOP - 1}>
        {text}
      </text>
    </g>
  );
}

function Axis({ end, x, height }: { end: number; x: (time: number) => number; height: number }) {
  const step = nice(end / 6);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
  return (
    <g class="axis">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={TOP - 6} y2={height - 26} />
          <text x={x(tick)} y={12} text-anchor={tick === 0 ? "start" : "middle"}>
            {tick === 0 ? "0" : span(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}

function longest(
  policy: Policy,
  run: Run,
  bars: readonly Bar[],
  handles: readonly Handle[],
): number {
  const all = [
    policy.overall,
    policy.attempt,
    run.end,
    ...bars.map((bar) => bar.to),
    ...handles.map((h) => h.at),
  ];
  const finite = all.filter((each) => Number.isFinite(each) && each > 0);
  return Math.max(1000, ...finite) * 1.12;
}

/** A value as somebody would write it: in steps of about a hundredth of what is shown. */
function snapped(value: number, end: number): number {
  const step = nice(end / 120);
  return Math.max(step, Math.round(value / step) * step);
}

function nice(raw: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(raw)));
  const found = STEPS.find((step) => step * power >= raw);
  return (found ?? 1000) * power;
}
