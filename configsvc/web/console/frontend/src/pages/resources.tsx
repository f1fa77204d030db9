/** Every document of the namespace, by kind; and the way to a new one. */

import { useMemo, useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { head } from "../api/live";
import type { Document, Json, Resource } from "../api/types";
import { create, drafts, isChanged } from "../draft/draft";
import { schemaOf } from "../editor/schema";
import { go, href, place } from "../router";
import { mayPublish } from "../session";
import { useAnswer } from "../ui/asking";
import { Dialog } from "../ui/dialog";
import { Empty, ProblemNote } from "../ui/parts";
import { ChangeBar } from "./change-bar";

const KINDS = [
  "Service",
  "Gateway",
  "Bff",
  "Route",
  "Timeout",
  "Retry",
  "CircuitBreaker",
  "Bulkhead",
  "RateLimit",
  "Hedge",
  "Fallback",
  "Authentication",
  "KeySet",
  "Waiver",
];

export function Resources() {
  const { namespace } = place.value;
  const [text, setText] = useState("");
  const [making, setMaking] = useState(false);
  const { data, problem } = useAnswer<{ items: Resource[] }>(
    inNamespace(namespace, "resources"),
    head.value?.revision,
  );
  const groups = useMemo(() => grouped(data?.items ?? [], text), [data, text]);
  return (
    <section class="page">
      <header class="page-head">
        <h1>Policies and services</h1>
        <span class="grow" />
        <label>
          <span class="sr-only">Filter documents</span>
          <input
            type="search"
            placeholder="Filter: kind, name, target…"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {mayPublish.value && (
          <button type="button" onClick={() => setMaking(true)}>
            New document
          </button>
        )}
      </header>
      <ProblemNote problem={problem} />
      {data && data.items.length === 0 && <Empty title="There is no document yet" />}
      <div class="kinds">
        {groups.map(([kind, items]) => (
          <section class="card kind" key={kind}>
            <h2>
              {kind} <span class="muted">{items.length}</span>
            </h2>
            <ul class="plain">
              {items.map((item) => (
                <Item key={item.name} item={item} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      {making && <NewDocument onClose={() => setMaking(false)} />}
      <ChangeBar />
    </section>
  );
}

function Item({ item }: { item: Resource }) {
  const draft = drafts.value.get(`${item.kind}/${item.name}`);
  return (
    <li>
      <a href={href(place.value.namespace, "edit", item.kind, item.name)}>{item.name}</a>
      {draft && isChanged(draft) && <span class="tag">edited</span>}
      <span class="muted small target">{about(item.document)}</span>
      <span class="mono muted small">r{item.revision}</span>
    </li>
  );
}

/** In a few words what a document is about: whom it targets, or who owns it. */
function about(document: Document): string {
  const { target, owner } = document.spec as Record<string, Record<string, Json> | undefined>;
  if (!target) return owner ? `owner ${String(owner)}` : "";
  const { from, to, operation } = target;
  if (!from && !to) return "every call";
  return `${from ?? "any"} → ${to ?? "any"}${operation ? ` ${operation}` : ""}`;
}

function grouped(items: Resource[], text: string): [string, Resource[]][] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = items.filter((item) => {
    const seen = `${item.kind} ${item.name} ${about(item.document)}`.toLowerCase();
    return words.every((word) => seen.includes(word));
  });
  return KINDS.map((kind): [string, Resource[]] => [
    kind,
    found.filter((item) => item.kind === kind),
  ]).filter(([, group]) => group.length > 0);
}

function NewDocument({ onClose }: { onClose: () => void }) {
  const { namespace } = place.value;
  const [kind, setKind] = useState("Timeout");
  const [name, setName] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    await create(await example(kind, name));
    go(href(namespace, "edit", kind, name));
  };
  return (
    <Dialog title="New document" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <label class="field">
          Kind
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {KINDS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label class="field">
          Name
          <input
            required
            pattern="[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?"
            title="Lower-case letters, digits and hyphens, at most 63"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <p class="muted small">It begins as the example of its kind. Nothing is published yet.</p>
        <button type="submit" class="primary">
          Write it
        </button>
      </form>
    </Dialog>
  );
}

/** The schema's own example of a kind, under another name. */
async function example(kind: string, name: string): Promise<Document> {
  const schema = await schemaOf(kind);
  const found = schema.examples?.[0] as unknown as Document | undefined;
  const empty = { apiVersion: "configsvc/v1", kind, metadata: { name }, spec: {} };
  return found ? { ...found, metadata: { ...found.metadata, name } } : empty;
}
