/** Completion and hover help from the schema of the document's kind. */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Text } from "@codemirror/state";
import { type EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";
import { type Spot, spotAt } from "./cursor";
import { bounds, resolved, type Schema, schemaOf, schemasAt, valuesOf } from "./schema";

export type NamesOf = (field: string, spot: Spot) => string[];

/** Completes keys and values; `names` gives those of services and operations that exist. */
export function completion(kind: string, names: NamesOf) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const root = await schemaOf(kind).catch(() => null);
    if (!root) return null;
    const word = context.matchBefore(/[\w./-]*/);
    if (!word || (word.from === word.to && !context.explicit && !afterColon(context))) return null;
    const spot = spotOf(context.state.doc, context.pos);
    const options = spot.inValue ? values(root, spot, names) : keys(root, spot, context);
    return options.length ? { from: word.from, options, validFor: /^[\w./-]*$/ } : null;
  };
}

function afterColon(context: CompletionContext): boolean {
  return context.matchBefore(/: /) !== null;
}

function keys(root: Schema, spot: Spot, context: CompletionContext): Completion[] {
  const used = siblings(context.state.doc, context.pos, spot);
  return schemasAt(root, spot.path).flatMap((schema) =>
    Object.entries(schema.properties ?? {})
      .filter(([name]) => !used.has(name))
      .map(([name, property]) => {
        const own = resolved(root, property);
        const isBlock = own.type === "object" || own.properties !== undefined;
        const isList = own.type === "array";
        const indent = " ".repeat(column(context) + 2);
        const opening = isBlock ? `:\n${indent}` : isList ? `:\n${indent}- ` : ": ";
        return {
          label: name,
          type: isBlock || isList ? "class" : "property",
          apply: `${name}${opening}`,
          detail: schema.required?.includes(name) ? "required" : "",
          info: [own.description, bounds(own)].filter(Boolean).join("\n"),
          boost: schema.required?.includes(name) ? 2 : 0,
        };
      }),
  );
}

function values(root: Schema, spot: Spot, names: NamesOf): Completion[] {
  const field = spot.key ?? "";
  const schemas = schemasAt(root, [...spot.path, field]);
  const existing = names(field, spot).map((label) => ({ label, type: "variable", boost: 2 }));
  return [...existing, ...valuesOf(schemas).map((label) => ({ label, type: "enum" }))];
}

/** The keys that the block of the cursor has already. */
function siblings(doc: Text, pos: number, spot: Spot): Set<string> {
  const lines = doc.toString().split("\n");
  const number = doc.lineAt(pos).number - 1;
  const where = spot.path.join("/");
  const found = new Set<string>();
  lines.forEach((line, at) => {
    if (at === number || !line.includes(":")) return;
    const other = spotAt(lines, at, 0);
    if (other.key !== null && other.path.join("/") === where) found.add(other.key);
  });
  return found;
}

function column(context: CompletionContext): number {
  const line = context.state.doc.lineAt(context.pos);
  return /^\s*(?:- +)*/.exec(line.text)?.[0].length ?? 0;
}

function spotOf(doc: Text, pos: number): Spot {
  const line = doc.lineAt(pos);
  return spotAt(doc.toString().split("\n"), line.number - 1, pos - line.from);
}

/** Says what the field below the pointer means. */
export function help(kind: string) {
  return hoverTooltip(async (view: EditorView, pos: number): Promise<Tooltip | null> => {
    const root = await schemaOf(kind).catch(() => null);
    const line = view.state.doc.lineAt(pos);
    const spot = spotOf(view.state.doc, pos);
    if (!root || spot.key === null) return null;
    const start = line.from + line.text.indexOf(spot.key);
    const schema = schemasAt(root, [...spot.path, spot.key]).find((each) => each.description);
    if (!schema) return null;
    return {
      pos: start,
      end: start + spot.key.length,
      above: true,
      create: () => ({ dom: card(schema) }),
    };
  });
}

function card(schema: Schema): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "help-card";
  for (const [tag, text] of [
    ["strong", schema.title],
    ["p", schema.description],
    ["p", bounds(schema)],
    ["code", schema.examples?.length ? `e.g. ${JSON.stringify(schema.examples[0])}` : ""],
  ] as const) {
    if (!text) continue;
    const part = document.createElement(tag);
    part.textContent = text;
    dom.append(part);
  }
  return dom;
}
