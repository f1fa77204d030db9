/** A time axis as wide as the page lets it be, on which values are dragged. */

import { useEffect, useRef, useState } from "preact/hooks";

/** The room above the first row. */
export const TOP = 26;
export const ROW = 30;
/** The room below the last row. */
export const FOOT = 28;

/** Pixels below which a picture is not narrowed: its box scrolls then. */
const NARROWEST = 300;
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500];

export interface Scale {
  width: number;
  /** The time at the right edge, in microseconds. */
  end: number;
  x: (time: number) => number;
  /** What the picture is drawn into. */
  surface: { current: SVGSVGElement | null };
  drag: (move: (to: number) => void) => (event: PointerEvent) => void;
}

/** An axis on which `needed` microseconds find room. */
export function useScale(needed: number): Scale {
  const surface = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(1000);
  const end = useRef(0);
  // While something is dragged the scale only grows: the handle stays below the pointer.
  const held = useRef(false);
  end.current = held.current ? Math.max(end.current, needed) : needed;
  useEffect(() => {
    const drawn = surface.current;
    if (!drawn) return;
    const watcher = new ResizeObserver(() => setWidth(Math.max(NARROWEST, drawn.clientWidth)));
    watcher.observe(drawn);
    return () => watcher.disconnect();
  }, []);
  const drag = (move: (to: number) => void) => (event: PointerEvent) => {
    const box = surface.current?.getBoundingClientRect();
    if (!box) return;
    const target = event.currentTarget as Element;
    target.setPointerCapture(event.pointerId);
    held.current = true;
    const follow = (to: Event) => {
      const share = ((to as PointerEvent).clientX - box.left) / box.width;
      move(Math.max(0.004, share) * end.current);
    };
    const stop = () => {
      held.current = false;
      target.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) target.removeEventListener(name, stop);
    };
    target.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) target.addEventListener(name, stop);
  };
  const x = (time: number) => (Math.min(time, end.current) / end.current) * width;
  return { width, end: end.current, x, surface, drag };
}

/** An axis' end for what it shows: some room beside the longest of the times that end. */
export function roomFor(times: readonly number[]): number {
  const finite = times.filter((each) => Number.isFinite(each) && each > 0);
  return Math.max(1000, ...finite) * 1.12;
}

/** A value as somebody would write it: in steps of about a hundredth of what is shown. */
export function snapped(value: number, end: number): number {
  const step = nice(end / 120);
  return Math.max(step, Math.round(value / step) * step);
}

/** The next higher round number. */
export function nice(raw: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(raw)));
  const found = STEPS.find((step) => step * power >= raw);
  return (found ?? 1000) * power;
}
