/** A value that is dragged along a time axis, or moved with the arrow keys. */

import { span } from "../ui/spans";
import { type Scale, snapped, TOP } from "./scale";

export interface Handle {
  label: string;
  value: number;
  /** Where the value counts from. */
  from: number;
  /** Null: it cannot be changed here. */
  onMove: ((to: number) => void) | null;
}

interface Props {
  handle: Handle;
  scale: Scale;
  /** Where the line ends; the label stands below it. */
  foot: number;
  /** The line of text on which the label stands. */
  line?: number;
}

/** Pixels that a character of a label takes, and that labels on one line stay apart. */
const CHARACTER = 6.6;
export const LINE = 14;

/** The first line of text on which each label has room. */
export function linesOf(handles: readonly Handle[], scale: Scale): number[] {
  const ends: number[] = [];
  const order = [...handles].sort((one, other) => at(one, scale) - at(other, scale));
  const found = new Map(
    order.map((handle) => {
      const [from, to] = extent(handle, scale);
      const free = ends.findIndex((end) => end < from);
      const line = free < 0 ? ends.length : free;
      ends[line] = to + CHARACTER;
      return [handle, line] as const;
    }),
  );
  return handles.map((handle) => found.get(handle) ?? 0);
}

export function Grip({ handle, scale, foot, line = 0 }: Props) {
  const { end } = scale;
  const x = at(handle, scale);
  const move = (to: number) => handle.onMove?.(snapped(to, end));
  const key = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by || !handle.onMove) return;
    event.preventDefault();
    move(Math.max(end / 100, handle.value + (by * end) / 100));
  };
  const [start, stop] = extent(handle, scale);
  return (
    <g
      class={handle.onMove ? "grip" : "grip still"}
      role="slider"
      tabindex={0}
      aria-label={handle.label}
      aria-valuemin={0}
      aria-valuemax={Math.round(end / 1000)}
      aria-valuenow={Math.round(handle.value / 1000)}
      aria-valuetext={span(handle.value)}
      aria-disabled={!handle.onMove}
      onPointerDown={handle.onMove ? scale.drag((to) => move(to - handle.from)) : undefined}
      onKeyDown={key}
    >
      <line x1={x} x2={x} y1={TOP - 4} y2={foot} />
      <rect x={x - 9} y={TOP - 8} width={18} height={foot - TOP + 16} class="hit" />
      <circle cx={x} cy={foot} r="6" />
      <text x={(start + stop) / 2} y={foot + 18 + LINE * line} text-anchor="middle">
        {textOf(handle)}
      </text>
    </g>
  );
}

function at(handle: Handle, scale: Scale): number {
  return scale.x(handle.from + handle.value);
}

function textOf(handle: Handle): string {
  return `${handle.label} ${span(handle.value)}`;
}

/** From where to where a label reaches: around its line, and inside the picture. */
function extent(handle: Handle, scale: Scale): [number, number] {
  const wide = textOf(handle).length * CHARACTER;
  const from = Math.max(0, Math.min(at(handle, scale) - wide / 2, scale.width - wide));
  return [from, from + wide];
}
