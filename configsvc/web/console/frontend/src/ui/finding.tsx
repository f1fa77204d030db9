/** One finding: what is wrong, by how much, a run that shows it, and what to do. */

import type { ComponentChildren } from "preact";
import type { EdgeId, Finding } from "../api/types";
import { href, place } from "../router";
import { SeverityMark } from "./parts";
import { Proof } from "./proof";

interface Props {
  finding: Finding;
  children?: ComponentChildren;
  isNew?: boolean;
  /** Whether it is one of the head, whose witness the server runs. */
  ofHead?: boolean;
}

export function FindingCard({ finding, children, isNew, ofHead }: Props) {
  return (
    <article class={`finding finding-${finding.severity}`}>
      <header class="row">
        <SeverityMark severity={finding.severity} />
        <strong class="mono">{finding.code}</strong>
        <span class="muted">{finding.name}</span>
        {isNew && <span class="tag">new</span>}
      </header>
      <p class="finding-text">{finding.message}</p>
      <Subject finding={finding} />
      {finding.witness && (
        <details>
          <summary>A run that shows it</summary>
          <dl class="facts">
            <dt>Load</dt>
            <dd>{finding.witness.load}</dd>
            <dt>Fault</dt>
            <dd>{finding.witness.faults}</dd>
            <dt>Seen</dt>
            <dd>{finding.witness.seen}</dd>
            <dt>Meant</dt>
            <dd>{finding.witness.meant}</dd>
          </dl>
          {ofHead && finding.witness.run && <Proof finding={finding} />}
        </details>
      )}
      {children && <div class="row finding-acts">{children}</div>}
    </article>
  );
}

function Subject({ finding }: { finding: Finding }) {
  const { edge, path, resource } = finding.subject;
  const edges = edge ? [edge] : (path ?? []);
  return (
    <p class="small">
      {edges.map((each, index) => (
        <span key={`${each.from}${each.to}${each.operation}`}>
          {index > 0 && ", "}
          <EdgeLink edge={each} />
        </span>
      ))}
      {resource && <ResourceLink resource={resource} />}
    </p>
  );
}

export function EdgeLink({ edge }: { edge: EdgeId }) {
  return (
    <a href={href(place.value.namespace, "edges", edge.from, edge.to, edge.operation)}>
      {edge.from} → {edge.to} <span class="mono">{edge.operation}</span>
    </a>
  );
}

export function ResourceLink({ resource }: { resource: string }) {
  const [kind = "", name = ""] = resource.split("/");
  return (
    <a class="mono" href={href(place.value.namespace, "edit", kind, name)}>
      {resource}
    </a>
  );
}
