/** The values in force on an edge as the change makes them, and the way to set one of them. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { EdgeChange, EdgeId, Explanation, Field, Json } from "../api/types";
import { amend, preview } from "../draft/draft";
import { mayPublish } from "../session";
import { type Values, valuesOf } from "./budget";

export interface EdgeValues {
  values: Values;
  /** What the change does to the edge, as far as the server has said. */
  proposed: EdgeChange | undefined;
  /** How to set a value in the document that it comes from; null: it cannot be set here. */
  setter: (path: string) => ((value: Json) => void) | null;
}

export function useValues(edge: EdgeId, explanation: Explanation): EdgeValues {
  const [moved, setMoved] = useState<ReadonlyMap<string, Json>>(new Map());
  const seen = preview.value;
  const proposed = seen?.edges.find((each) => sameEdge(each, edge));
  // What the server says of the change takes the place of what was moved meanwhile.
  useEffect(() => setMoved(new Map()), [seen]);
  const values = useMemo(() => {
    const all = new Map(valuesOf(explanation));
    for (const field of proposed?.fields ?? []) all.set(field.path, field.after);
    for (const [path, value] of moved) all.set(path, value);
    return all;
  }, [explanation, proposed, moved]);
  const setter = (path: string) => {
    const source = fieldOf(explanation, path)?.sources[0];
    if (!source || !mayPublish.value) return null;
    return (value: Json) => {
      setMoved((old) => new Map([...old, [path, value]]));
      void amend(source.resource, [{ op: "replace", path: source.pointer, value }]);
    };
  };
  return { values, proposed, setter };
}

export function sameEdge(one: EdgeId, other: EdgeId): boolean {
  return one.from === other.from && one.to === other.to && one.operation === other.operation;
}

function fieldOf(explanation: Explanation, path: string): Field | undefined {
  const [kind, ...rest] = path.split(".");
  const policy = explanation.policies.find((each) => each.kind === kind);
  return policy?.fields.find((each) => each.path === rest.join("."));
}
