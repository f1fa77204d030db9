/** The change that is being made: documents that were edited, and what the server says of them. */

import { computed, signal } from "@preact/signals";
import { get, inNamespace, post, Refusal } from "../api/client";
import type {
  Document,
  Finding,
  Patch,
  Preview,
  Problem,
  Published,
  Resource,
  StaleResource,
} from "../api/types";
import { type Parsed, parsed, patched, written } from "./documents";
import { type Choice, choices } from "./leaves";

/** One document of the change. */
export interface Draft {
  key: string;
  kind: string;
  name: string;
  /** A revision not newer than the original: what others wrote since is never overwritten. */
  base: number;
  /** What the document was when it was opened; null: there was none. */
  original: Document | null;
  text: string;
  /** Whether the change deletes it. */
  deleted: boolean;
}

/** Milliseconds of quiet after which what is typed is checked. */
const QUIET = 180;

export const drafts = signal<ReadonlyMap<string, Draft>>(new Map());
export const preview = signal<Preview | null>(null);
export const checking = signal(false);
export const checkProblem = signal<Problem | null>(null);
export const stale = signal<StaleResource[]>([]);

/** The revision at which the server found the change to be stale. */
let staleAt = 0;
let namespace = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let running: AbortController | undefined;

export const changed = computed(() => [...drafts.value.values()].filter(isChanged));

export function isChanged(draft: Draft): boolean {
  if (draft.deleted || draft.original === null) return true;
  return draft.text !== written(draft.original);
}

/** Work in a namespace; a change of another one is given up. */
export function enter(name: string): void {
  if (name !== namespace) discard();
  namespace = name;
}

/** Open a resource for editing; one that is being edited stays as it is. */
export async function open(kind: string, name: string): Promise<void> {
  const key = `${kind}/${name}`;
  if (isEdited(key)) return;
  const base = await newest();
  const { document } = await get<Resource>(inNamespace(namespace, "resources", kind, name));
  if (isEdited(key)) return;
  put({ key, kind, name, base, original: document, text: written(document), deleted: false });
}

function isEdited(key: string): boolean {
  const draft = drafts.value.get(key);
  return draft !== undefined && isChanged(draft);
}

/** Begin a new resource. */
export async function create(document: Document): Promise<void> {
  const { kind } = document;
  const { name } = document.metadata;
  const base = await newest();
  const text = written(document);
  put({ key: `${kind}/${name}`, kind, name, base, original: null, text, deleted: false });
}

export function edit(key: string, text: string): void {
  const draft = drafts.value.get(key);
  if (!draft || draft.text === text) return;
  put({ ...draft, text });
}

export function setDeleted(key: string, deleted: boolean): void {
  const draft = drafts.value.get(key);
  if (draft) put({ ...draft, deleted });
}

/** Leave a document as it is on the server. */
export function revert(key: string): void {
  const draft = drafts.value.get(key);
  if (!draft) return;
  if (draft.original) put({ ...draft, text: written(draft.original), deleted: false });
  else {
    drafts.value = new Map([...drafts.value].filter(([each]) => each !== key));
    schedule();
  }
}

export function discard(): void {
  clearTimeout(timer);
  running?.abort();
  drafts.value = new Map();
  preview.value = null;
  checkProblem.value = null;
  stale.value = [];
}

/** Take over the repair that a finding offers, in whichever document it is. */
export async function repair(finding: Finding): Promise<void> {
  if (finding.fix) await amend(finding.fix.resource, finding.fix.patch);
}

/** Change some values of a resource, as part of the change. */
export async function amend(key: string, patch: readonly Patch[]): Promise<void> {
  const [kind = "", name = ""] = key.split("/");
  await open(kind, name);
  const draft = drafts.value.get(key);
  if (draft) put({ ...draft, text: patched(draft.text, patch) });
}

/** What the server is told of the change. */
export function content(): { put: Document[]; delete: string[]; broken: string[] } {
  const documents: Document[] = [];
  const broken: string[] = [];
  for (const draft of changed.value.filter((each) => !each.deleted)) {
    const { value } = parsed(draft.text);
    if (value) documents.push(value);
    else broken.push(draft.key);
  }
  const gone = changed.value.filter((each) => each.deleted && each.original);
  return { put: documents, delete: gone.map((each) => each.key), broken };
}

/** The place of a document among those that are sent; -1: it is not. */
export function indexOf(key: string): number {
  const sent = changed.value.filter((each) => !each.deleted && parsed(each.text).value);
  return sent.findIndex((each) => each.key === key);
}

/** Publish the change; throws the server's refusal. */
export async function publish(message: string): Promise<Published> {
  const { put: documents, delete: gone } = content();
  try {
    const path = inNamespace(namespace, "changes");
    const base = Math.min(...changed.value.map((each) => each.base));
    const body = { message, base, put: documents, delete: gone };
    const outcome = await post<Published>(path, body);
    discard();
    return outcome;
  } catch (error) {
    if (error instanceof Refusal && error.problem.code === "stale-base") {
      staleAt = error.problem.head ?? 0;
      stale.value = error.problem.resources ?? [];
    }
    throw error;
  }
}

/** What is to be decided about a resource that somebody else has changed meanwhile. */
export function choicesOf(resource: StaleResource): Choice[] {
  const draft = drafts.value.get(`${resource.kind}/${resource.name}`);
  const mine = draft && !draft.deleted ? parsed(draft.text).value : null;
  return choices(resource.base?.document, resource.head?.document, mine);
}

/** Put the change on top of what is there now, with what was decided leaf by leaf. */
export function rebase(decided: ReadonlyMap<string, readonly Choice[]>): void {
  const onTop = new Map(drafts.value);
  for (const draft of changed.value) onTop.set(draft.key, { ...draft, base: staleAt });
  for (const resource of stale.value) {
    const key = `${resource.kind}/${resource.name}`;
    const draft = onTop.get(key);
    if (!draft) continue;
    const theirs = resource.head?.document ?? null;
    const patch = (decided.get(key) ?? [])
      .filter((choice) => choice.take === "theirs")
      .map((choice) => towards(choice));
    const text = draft.deleted ? draft.text : patched(draft.text, patch);
    onTop.set(key, { ...draft, original: theirs, text });
  }
  stale.value = [];
  drafts.value = onTop;
  schedule();
}

function towards(choice: Choice): Patch {
  if (choice.theirs === undefined) return { op: "remove", path: choice.path };
  return { op: "replace", path: choice.path, value: choice.theirs };
}

async function newest(): Promise<number> {
  const { revision } = await get<{ revision: number }>(inNamespace(namespace));
  return revision;
}

function put(draft: Draft): void {
  drafts.value = new Map([...drafts.value, [draft.key, draft]]);
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void check(), QUIET);
}

async function check(): Promise<void> {
  running?.abort();
  const { put: documents, delete: gone } = content();
  if (documents.length + gone.length === 0) {
    preview.value = null;
    checking.value = false;
    return;
  }
  const mine = new AbortController();
  running = mine;
  checking.value = true;
  try {
    const path = inNamespace(namespace, "check");
    preview.value = await post<Preview>(path, { put: documents, delete: gone }, mine.signal);
    checkProblem.value = null;
  } catch (error) {
    if (error instanceof Refusal) checkProblem.value = error.problem;
    else if (!mine.signal.aborted) throw error;
  } finally {
    if (running === mine) checking.value = false;
  }
}

export type { Parsed };
