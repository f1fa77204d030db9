/** What the API answers, as far as the console reads it. `/openapi.json` has the whole of it. */

import type { Timeline } from "./trials";

export type Role = "viewer" | "editor" | "admin";
export type Severity = "error" | "warning" | "info";
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Session {
  name: string;
  token: string;
  grants: Record<string, Role>;
  csrf: string | null;
  notAfter: string | null;
}

export interface NamespaceHead {
  name: string;
  revision: number;
}

export interface Document {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; manager?: string };
  spec: Record<string, Json>;
}

export interface Resource {
  kind: string;
  name: string;
  digest: string;
  revision: number;
  document: Document;
}

export interface EdgeId {
  from: string;
  to: string;
  operation: string;
}

export interface Patch {
  op: "add" | "replace" | "remove";
  path: string;
  value?: Json;
}

export interface Finding {
  code: string;
  name: string;
  severity: Severity;
  message: string;
  subject: { edge?: EdgeId; path?: EdgeId[]; resource?: string };
  fingerprints: string[];
  edges?: EdgeId[];
  places?: { resource: string; pointer: string; label: string }[];
  witness?: { load: string; faults: string; seen: string; meant: string; run?: unknown };
  fix?: { resource: string; title: string; patch: Patch[] };
  consequences?: Finding[];
  waivedBy?: string;
}

export interface Findings {
  items: Finding[];
  waived: Finding[];
  edges: number;
  notEvaluated: { code: string; missing: string[] }[];
  /** By the first fingerprint of a finding. */
  opened: Record<string, Opened>;
}

/** The change that opened a finding; `older`: it was open before, as far as was looked. */
export interface Opened {
  revision: number;
  time: string;
  older: boolean;
}

export interface Rollout {
  id: number;
  message: string;
  plan: { stages: unknown[] };
  phase: "rolling" | "paused" | "suspended" | "promoted" | "aborted";
  stage: number;
  share: string;
  reason: string;
}

export interface Revision {
  revision: number;
  author: string;
  message: string;
  time: string;
}

export interface RevisionWithReport extends Revision {
  report: { findings: Finding[]; waived: Finding[] } | null;
}

export interface Difference {
  kind: string;
  name: string;
  before: Document | null;
  after: Document | null;
}

export interface Bounds {
  worstCase: { low: string | null; high: string | null };
  amplification: { low: number; high: number | null };
  missing: string[];
}

export interface Source {
  resource: string;
  pointer: string;
  revision: number | null;
}

export interface EdgeChange extends EdgeId {
  change: "added" | "removed" | "changed";
  bounds: { before: Bounds | null; after: Bounds | null };
  fields: { path: string; before: Json; after: Json; sources: Source[] }[];
}

export interface ProblemError {
  message: string;
  pointer?: string;
  hint?: string;
  allowed?: string[];
}

export interface Preview {
  publishable: boolean;
  errors: ProblemError[];
  findings: Finding[];
  added: string[];
  blocking: string[];
  needsWaive: string[];
  resolved: Finding[];
  waived: Finding[];
  edges: EdgeChange[];
  edgesTotal: number;
}

export interface Published {
  revision: number;
  changed: boolean;
  services: string[];
}

export interface Field {
  path: string;
  value: Json;
  sources: Source[];
  default: boolean;
  covers: (Source & { value: Json })[];
  contenders: (Source & { value: Json })[];
}

export interface Explanation extends EdgeId {
  policies: { kind: string; inForce: boolean; fields: Field[] }[];
  timeline: Timeline;
  bounds: Bounds | null;
}

export interface Graph {
  nodes: { name: string; kind: string; operations: string[] }[];
  edges: (EdgeId & {
    calls: {
      by: string;
      stage: number;
      times: { typical: number; max: number };
      optional: boolean;
    }[];
  })[];
}

export type AgentState = "pending" | "applied" | "rejected" | "overridden" | "stale";

export interface Agent {
  namespace: string;
  service: string;
  instance: string;
  connectedSince: number;
  lastHeard: number;
  version: number;
  digest: string;
  wantedVersion: number;
  wantedDigest: string;
  wantedSince: number;
  state: AgentState;
  reason: string;
  health: string;
  language: string;
  agentVersion: string;
  breakers: { edge: string; state: string }[];
  traffic: { to: string; operation: string; rate: number; failures: number }[];
  disconnected: number | null;
  lag: number;
}

export interface Convergence {
  revision: number;
  targeted: number;
  states: Partial<Record<AgentState, number>>;
  reasons: Record<string, number>;
  p50: number | null;
  p99: number | null;
  last: number | null;
  laggards: { service: string; instance: string; state: AgentState; reason: string }[];
}

export interface EdgeState extends EdgeId {
  breakers: Record<string, number>;
  rate: number;
  failures: number;
}

export interface StaleResource {
  kind: string;
  name: string;
  base: { digest: string; document?: Document } | null;
  head: { digest: string; document?: Document } | null;
}

export interface Problem {
  code: string;
  title: string;
  status: number;
  detail: string;
  request: string;
  errors?: ProblemError[];
  findings?: Finding[];
  head?: number;
  resources?: StaleResource[];
}
