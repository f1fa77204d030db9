/** What the server says of the change: errors, findings with their repairs, edges that change. */

import type { Bounds, EdgeChange, Json } from "../api/types";
import { changed, content, preview, repair } from "../draft/draft";
import { mayPublish } from "../session";
import { EdgeLink, FindingCard } from "../ui/finding";
import { micros, span } from "../ui/spans";

const SHOWN = 30;

export function Effects({ of }: { of: string }) {
  const seen = preview.value;
  if (changed.value.length === 0) return <Unchanged />;
  const { broken } = content();
  if (!seen) {
    const text = broken.length ? `${broken.join(", ")} cannot be read yet.` : "Checking…";
    return <p class="muted">{text}</p>;
  }
  const added = new Set(seen.added);
  const touched = seen.findings.filter(
    (each) =>
      added.has(each.fingerprints[0] ?? "") || each.places?.some((at) => at.resource === of),
  );
  return (
    <>
      {broken.length > 0 && (
        <p class="note note-error">Cannot be read, so not checked: {broken.join(", ")}</p>
      )}
      {seen.errors.map((error) => (
        <p class="note note-error" key={`${error.pointer} ${error.message}`}>
          <span class="mono">{(error.pointer ?? "").replace(/^\/put\/\d+/, "")}</span>{" "}
          {error.message}
          {error.hint && <span> ({error.hint})</span>}
        </p>
      ))}
      <div aria-live="polite" class="stack">
        {touched.map((finding) => (
          <FindingCard
            key={finding.fingerprints[0]}
            finding={finding}
            isNew={added.has(finding.fingerprints[0] ?? "")}
          >
            {finding.fix && mayPublish.value && (
              <button type="button" class="primary" onClick={() => void repair(finding)}>
                {finding.fix.title}
              </button>
            )}
          </FindingCard>
        ))}
        {touched.length === 0 && seen.errors.length === 0 && (
          <p class="note note-good">No finding: the change fits with everything around it.</p>
        )}
        {seen.resolved.length > 0 && (
          <p class="note note-good">
            Resolves {seen.resolved.map((each) => each.code).join(", ")}.
          </p>
        )}
      </div>
      {seen.edges.length > 0 && <h2>Edges that change</h2>}
      <ul class="plain stack">
        {seen.edges.slice(0, SHOWN).map((edge) => (
          <li key={`${edge.from} ${edge.to} ${edge.operation}`} class="card">
            <EdgeLink edge={edge} /> {edge.change !== "changed" && <b>{edge.change}</b>}
            <BoundsChange change={edge} />
          </li>
        ))}
      </ul>
      {seen.edgesTotal > SHOWN && <p class="muted">… of {seen.edgesTotal} in all.</p>}
    </>
  );
}

function Unchanged() {
  return (
    <p class="muted">
      Nothing is changed yet. As you type, errors, conflicts and their repairs appear here, and what
      the change does to each call.
    </p>
  );
}

export function BoundsChange({ change }: { change: EdgeChange }) {
  const { before, after } = change.bounds;
  return (
    <dl class="facts small">
      <dt>Worst case</dt>
      <dd>
        <Then before={worst(before)} after={worst(after)} />
      </dd>
      <dt>Requests per call</dt>
      <dd>
        <Then before={copies(before)} after={copies(after)} />
      </dd>
      {change.fields.map((field) => (
        <>
          <dt>{field.path}</dt>
          <dd>
            <Then before={shown(field.before)} after={shown(field.after)} />
          </dd>
        </>
      ))}
    </dl>
  );
}

function Then({ before, after }: { before: string; after: string }) {
  if (before === after) return <span class="mono">{after}</span>;
  return (
    <span class="mono">
      <s class="muted">{before}</s> → <b>{after}</b>
    </span>
  );
}

export function worst(bounds: Bounds | null): string {
  if (!bounds) return "none";
  const { low, high } = bounds.worstCase;
  const [from, to] = [low, high].map((each) => (each === null ? "unlimited" : readable(each)));
  return from === to ? `${to}` : `${from} to ${to}`;
}

export function copies(bounds: Bounds | null): string {
  if (!bounds) return "none";
  const { low, high } = bounds.amplification;
  const to = high === null ? "unlimited" : String(round(high));
  return String(round(low)) === to ? to : `${round(low)} to ${to}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function readable(text: string): string {
  const value = micros(text);
  return value === null ? text : span(value);
}

function shown(value: Json | undefined): string {
  if (value === null || value === undefined) return "unset";
  return typeof value === "string" ? value : JSON.stringify(value);
}
