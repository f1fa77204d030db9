/** Pictures of time budgets, and what simulated faults did. Times are microseconds. */

import type { EdgeId } from "./types";

/** How long somebody above waits, or something below may take. */
export interface TimeBudget {
  label: string;
  time: number;
}

/** What stands around the attempts of one call. */
export interface Timeline extends EdgeId {
  queueing: number;
  attempts: { number: number; copy: boolean }[];
  latency: { p50: number | null; p99: number | null };
  above: TimeBudget[];
  below: TimeBudget[];
}

export type FaultKind = "hang" | "errors" | "slow";

/** What became of the calls that began before, during or after a fault. */
export interface Phase {
  name: "before" | "during" | "after";
  calls: number;
  ok: number;
  failed: number;
  p50: number | null;
  p99: number | null;
  longest: number | null;
}

/** What a simulated run with one fault showed; `breaker` are the moves of the caller's. */
export interface FaultImpact {
  kind: FaultKind;
  says: string;
  start: number;
  end: number;
  calls: number;
  attempts: number;
  outcomes: Record<string, number>;
  refused: Record<string, number>;
  mostAtOnce: number;
  opened: number | null;
  recovered: number | null;
  breaker: { at: number; state: string }[];
  phases: Phase[];
  series: { at: number; ok: number; failed: number; longest: number | null }[];
}

export interface EdgeTrial extends EdgeId {
  timeline: Timeline;
  rate: number;
  length: number;
  faults: FaultImpact[];
}

/** What a run of a finding's witness showed. */
export interface Proof {
  measure: string;
  seen: number;
  atMost: number | null;
  atLeast: number | null;
  harmed: boolean;
  calls: number;
  attempts: number;
}
