/** Spans of time as documents write them (`1m30s`, `250ms`), and as people read them. */

const UNITS: Record<string, number> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86400e6 };
const SHAPE = /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h|d))+$/;

/** Microseconds of a duration; null if it is none. */
export function micros(text: unknown): number | null {
  if (typeof text !== "string" || !SHAPE.test(text)) return null;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g))
    sum += Number(number) * (UNITS[unit ?? ""] ?? 0);
  return sum;
}

/** A duration as documents write it: exact, in the largest units that fit. */
export function written(value: number): string {
  let rest = Math.round(value);
  if (rest === 0) return "0s";
  let text = "";
  for (const unit of ["h", "m", "s", "ms", "us"] as const) {
    const size = UNITS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** Microseconds as people read them: three digits and a unit. */
export function span(value: number): string {
  if (!Number.isFinite(value)) return "unlimited";
  if (value < 1000) return `${Math.round(value)} µs`;
  if (value < 1e6) return `${short(value / 1e3)} ms`;
  if (value < 60e6) return `${short(value / 1e6)} s`;
  if (value < 3600e6) return `${short(value / 60e6)} min`;
  return `${short(value / 3600e6)} h`;
}

/** How long ago a time was, in the largest unit of which there are two. */
export function ago(time: string): string {
  const minutes = Math.max(0, Date.now() - Date.parse(time)) / 60e3;
  if (minutes < 2) return "a moment";
  if (minutes < 120) return `${Math.floor(minutes)} minutes`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} hours`;
  return `${Math.floor(minutes / 60 / 24)} days`;
}

function short(value: number): string {
  return value.toPrecision(3).replace(/\.?0+$/, (zeros) => (zeros.includes(".") ? "" : zeros));
}
