/** Documents as text: YAML with its comments, and where in it a JSON pointer leads. */

import {
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  visit,
  type Document as Yaml,
} from "yaml";
import type { Document, Json, Patch } from "../api/types";

export interface Range {
  from: number;
  to: number;
}

export interface SyntaxFault extends Range {
  message: string;
}

export interface Parsed {
  value: Document | null;
  faults: SyntaxFault[];
  tree: Yaml.Parsed;
}

const ORDER = ["apiVersion", "kind", "metadata", "spec"];

/** A document as somebody would write it. */
export function written(document: Document): string {
  const rest = Object.keys(document).filter((name) => !ORDER.includes(name));
  const named = document as unknown as Record<string, unknown>;
  const ordered = Object.fromEntries([...ORDER, ...rest].map((name) => [name, named[name]]));
  return stringify(ordered, { lineWidth: 100 });
}

export function parsed(text: string): Parsed {
  const tree = parseDocument(text, { version: "1.2", uniqueKeys: true, prettyErrors: false });
  const faults = tree.errors.map((error) => ({
    from: error.pos[0],
    to: Math.max(error.pos[1], error.pos[0] + 1),
    message: error.message,
  }));
  if (faults.length) return { value: null, faults, tree };
  const value: unknown = tree.toJS({ maxAliasCount: 50 });
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return { value: isObject ? (value as Document) : null, faults, tree };
}

/** Whether a text says something that is no part of the document. */
export function hasComments(text: string): boolean {
  const tree = parseDocument(text, { version: "1.2" });
  let found = Boolean(tree.comment || tree.commentBefore);
  visit(tree, {
    Node: (_, node) => {
      if (node.comment || node.commentBefore) found = true;
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

/** Where the value at a pointer is, or the nearest one around it that is there. */
export function rangeOf(tree: Yaml.Parsed, pointer: string): Range {
  let node: unknown = tree.contents;
  let range = firstLine(tree);
  for (const step of steps(pointer)) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((each) => keyOf(each) === step);
      if (!pair) break;
      range = rangeOfPair(pair) ?? range;
      node = pair.value;
    } else {
      const item = (node.items as unknown[])[Number(step)];
      if (item === undefined) break;
      node = isPair(item) ? item.value : item;
      range = rangeOfNode(node) ?? range;
    }
  }
  return range;
}

/** The text with a patch applied; comments and everything that it does not touch stay. */
export function patched(text: string, patch: readonly Patch[]): string {
  const tree = parseDocument(text, { version: "1.2" });
  for (const { op, path, value } of patch) {
    const keys = steps(path).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    if (op === "remove") tree.deleteIn(keys);
    else if (op === "add" && keys.at(-1) === "-") tree.addIn(keys.slice(0, -1), value);
    else setIn(tree, keys, value ?? null);
  }
  return tree.toString({ lineWidth: 100 });
}

/** The pointer's parts, unescaped. */
export function steps(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at a pointer, undefined where there is none. */
export function valueAt(document: unknown, pointer: string): Json | undefined {
  let value = document as Json | undefined;
  for (const step of steps(pointer)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, Json>)[step];
  }
  return value;
}

/** Sets a scalar in place, so that a comment behind it stays. */
function setIn(tree: Yaml.Parsed, keys: (string | number)[], value: Json): void {
  const there = tree.getIn(keys, true);
  if (isScalar(there) && (typeof value !== "object" || value === null)) {
    there.value = value;
    delete there.source;
  } else tree.setIn(keys, value);
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function rangeOfPair(pair: Pair): Range | null {
  const key = rangeOfNode(pair.key);
  const value = isScalar(pair.value) ? rangeOfNode(pair.value) : null;
  return key && { from: key.from, to: Math.max(key.to, value?.to ?? 0) };
}

function rangeOfNode(node: unknown): Range | null {
  const range = (node as Node | null)?.range;
  return range ? { from: range[0], to: range[1] } : null;
}

function firstLine(tree: Yaml.Parsed): Range {
  const range = isMap(tree.contents) && tree.contents.items[0];
  return (range && rangeOfPair(range)) || { from: 0, to: 1 };
}
