/** How the time of one call is spent under a policy, attempt by attempt. Times are microseconds. */

import type { FaultKind, Timeline } from "../api/trials";
import type { Explanation, Json } from "../api/types";
import { micros } from "../ui/spans";

export interface Policy {
  attempts: number;
  attempt: number;
  overall: number;
  base: number;
  multiplier: number;
  longest: number;
  jitter: string;
  /** The longest that an attempt waits for a permit. */
  queueing: number;
}

export interface Breaker {
  openFor: number;
  failureRate: string;
  minimumCalls: number;
  probes: number;
  /** What it looks back on: so much time, or so many calls. */
  window: { time: number } | { calls: number };
}

export interface Latency {
  p50: number;
  p99: number;
}

export interface Attempt {
  kind: "attempt";
  number: number;
  from: number;
  to: number;
  /** What ended it. */
  end: "attempt" | "overall" | "answer" | "never";
}

export interface Wait {
  kind: "wait";
  from: number;
  /** The shortest and the longest that jitter allows. */
  low: number;
  high: number;
}

export interface Run {
  parts: (Attempt | Wait)[];
  end: number;
  /** Attempts that the policy allows and for which there is no time. */
  dead: number;
}

/** Microseconds that an attempt is given at least, where the callee says nothing of its latency. */
const FLOOR = 10_000;

export type Values = ReadonlyMap<string, Json>;

/** The fields in force by `Kind.path`. */
export function valuesOf(explanation: Explanation): Values {
  const fields = explanation.policies
    .filter((policy) => policy.inForce)
    .flatMap((policy) =>
      policy.fields.map((field) => [`${policy.kind}.${field.path}`, field.value] as const),
    );
  return new Map(fields);
}

/** The policy that values spell; what stands around it says whether a call is ever repeated. */
export function policyOf(values: Values, around: Timeline): Policy {
  const time = (name: string, other: number) => micros(values.get(name)) ?? other;
  const once = around.attempts.filter((each) => !each.copy).length === 1;
  return {
    attempts: once ? 1 : Number(values.get("Retry.attempts") ?? 1),
    attempt: time("Timeout.attempt", Number.POSITIVE_INFINITY),
    overall: time("Timeout.overall", Number.POSITIVE_INFINITY),
    base: time("Retry.backoff.base", 0),
    multiplier: Number(values.get("Retry.backoff.multiplier") ?? 2),
    longest: time("Retry.backoff.max", Number.POSITIVE_INFINITY),
    jitter: String(values.get("Retry.backoff.jitter") ?? "full"),
    queueing: around.queueing,
  };
}

/** The breaker in force; null: there is none. */
export function breakerOf(values: Values): Breaker | null {
  const openFor = micros(values.get("CircuitBreaker.openFor"));
  const window = values.get("CircuitBreaker.window");
  if (openFor === null || typeof window !== "object" || window === null) return null;
  const { kind, size } = window as Record<string, Json>;
  return {
    openFor,
    failureRate: String(values.get("CircuitBreaker.failureRate") ?? "its rate"),
    minimumCalls: Number(values.get("CircuitBreaker.minimumCalls") ?? 1),
    probes: Number(values.get("CircuitBreaker.halfOpen.probes") ?? 1),
    window: kind === "count" ? { calls: Number(size) } : { time: micros(size) ?? 0 },
  };
}

/** The longest run of a call whose every attempt goes wrong in one way. */
export function run(policy: Policy, latency: Latency, fault: FaultKind): Run {
  const parts: Run["parts"] = [];
  let now = 0;
  for (let number = 1; number <= policy.attempts; number += 1) {
    if (policy.queueing) parts.push({ kind: "wait", from: now, low: 0, high: policy.queueing });
    now += policy.queueing;
    const attempt = attemptAt(policy, latency, fault, number, now);
    parts.push(attempt);
    now = attempt.to;
    if (attempt.end === "overall" || attempt.end === "never")
      return ended(parts, now, policy, number);
    if (fault === "slow" && attempt.end === "answer") return { parts, end: now, dead: 0 };
    if (number === policy.attempts) break;
    const wait = waitAfter(policy, number, now);
    if (now + wait.high + (latency.p50 || FLOOR) >= policy.overall)
      return ended(parts, now, policy, number);
    parts.push(wait);
    now += wait.high;
  }
  return { parts, end: now, dead: 0 };
}

function ended(parts: Run["parts"], end: number, policy: Policy, number: number): Run {
  return { parts, end, dead: policy.attempts - number };
}

function attemptAt(
  policy: Policy,
  latency: Latency,
  fault: FaultKind,
  number: number,
  from: number,
): Attempt {
  const would = { hang: Number.POSITIVE_INFINITY, errors: latency.p50, slow: latency.p99 * 3 }[
    fault
  ];
  const left = policy.overall - from;
  const limit = Math.min(policy.attempt, left);
  const took = Math.min(would, limit);
  const end = would <= limit ? "answer" : policy.attempt < left ? "attempt" : "overall";
  if (!Number.isFinite(took)) return { kind: "attempt", number, from, to: from, end: "never" };
  return { kind: "attempt", number, from, to: from + took, end };
}

function waitAfter(policy: Policy, number: number, from: number): Wait {
  const full = Math.min(policy.base * policy.multiplier ** (number - 1), policy.longest);
  const low = { none: full, equal: full / 2, full: 0, decorrelated: policy.base }[policy.jitter];
  const high =
    policy.jitter === "decorrelated" ? Math.min(policy.base * 3 ** number, policy.longest) : full;
  return { kind: "wait", from, low: Math.min(low ?? full, high), high };
}
