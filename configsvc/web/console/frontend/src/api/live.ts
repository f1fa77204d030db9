/** The event stream of the namespace that is shown, as signals. There is one stream a page. */

import { signal } from "@preact/signals";
import type { Agent, EdgeId, EdgeState, Finding, Revision, Rollout, Severity } from "./types";

export type Topic = "change" | "rollout" | "finding" | "fleet" | "edge";

interface FindingNews {
  open: Partial<Record<Severity, number>>;
  opened: Finding[];
  resolved: Finding[];
}

interface Delta<Item, Gone> {
  whole: boolean;
  items: Item[];
  gone: Gone[];
}

type Instance = Pick<Agent, "service" | "instance">;
type FleetNews = Delta<Agent, Instance> & { incomplete: string[] };

/** Whether the stream is open: what is shown is then what is. */
export const connected = signal(false);
export const head = signal<Revision | null>(null);
/** The newest rollout, in progress or ended. */
export const rollout = signal<Rollout | null>(null);
export const openFindings = signal<FindingNews["open"]>({});
/** Rises whenever findings have changed. */
export const findingsTold = signal(0);
export const agents = signal<ReadonlyMap<string, Agent>>(new Map());
export const incomplete = signal<string[]>([]);
export const edgeStates = signal<ReadonlyMap<string, EdgeState>>(new Map());

/** Milliseconds after which a stream that was refused is asked for again. */
const AGAIN = 5000;

let source: EventSource | null = null;
let watched = "";
let timer: ReturnType<typeof setTimeout> | undefined;

export function edgeKey(edge: EdgeId): string {
  return `${edge.from} ${edge.to} ${edge.operation}`;
}

/** Watch these topics of a namespace from now on, and nothing else. */
export function watch(namespace: string, topics: readonly Topic[]): void {
  const query = topics.map((topic) => `topic=${topic}`).join("&");
  const url = `/v1/namespaces/${encodeURIComponent(namespace)}/events?${query}`;
  if (url === watched) return;
  if (!watched.startsWith(url.split("?")[0] ?? "")) forget();
  watched = url;
  open(url);
}

/** Watch nothing, and forget what was seen. */
export function unwatch(): void {
  watched = "";
  close();
  forget();
}

function forget(): void {
  head.value = null;
  rollout.value = null;
  openFindings.value = {};
  agents.value = new Map();
  edgeStates.value = new Map();
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = null;
  connected.value = false;
}

function open(url: string): void {
  close();
  const stream = new EventSource(url);
  source = stream;
  stream.onopen = () => {
    connected.value = true;
  };
  stream.onerror = () => {
    connected.value = false;
    // The browser itself asks again after a broken stream, but not after a refused one.
    if (stream.readyState === EventSource.CLOSED && source === stream)
      timer = setTimeout(() => open(url), AGAIN);
  };
  on<Revision>(stream, "change", (news) => {
    head.value = news;
  });
  on<{ newest: Rollout | null }>(stream, "rollout", (news) => {
    rollout.value = news.newest;
  });
  on<FindingNews>(stream, "finding", (news) => {
    openFindings.value = news.open;
    findingsTold.value += 1;
  });
  on<FleetNews>(stream, "fleet", (news) => {
    agents.value = merged(agents.value, news, agentKey, agentKey);
    incomplete.value = news.incomplete;
  });
  on<Delta<EdgeState, EdgeId>>(stream, "edge", (news) => {
    edgeStates.value = merged(edgeStates.value, news, edgeKey, edgeKey);
  });
}

function agentKey(agent: Instance): string {
  return `${agent.service} ${agent.instance}`;
}

function on<T>(stream: EventSource, topic: Topic, take: (news: T) => void): void {
  stream.addEventListener(topic, (event) => take(JSON.parse(event.data) as T));
}

function merged<Item, Gone>(
  before: ReadonlyMap<string, Item>,
  news: Delta<Item, Gone>,
  keyOf: (item: Item) => string,
  keyOfGone: (gone: Gone) => string,
): ReadonlyMap<string, Item> {
  const after = new Map(news.whole ? [] : before);
  for (const gone of news.gone) after.delete(keyOfGone(gone));
  for (const item of news.items) after.set(keyOf(item), item);
  return after;
}
