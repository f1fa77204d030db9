/** A document as a form, made from the schema of its kind. It edits the same text as the YAML. */

import { useEffect, useState } from "preact/hooks";
import type { Json } from "../api/types";
import { parsed, patched, valueAt } from "../draft/documents";
import { type Draft, edit } from "../draft/draft";
import { bounds, resolved, type Schema, schemaOf } from "./schema";

interface Props {
  draft: Draft;
  readOnly: boolean;
}

export function Form({ draft, readOnly }: Props) {
  const [root, setRoot] = useState<Schema>();
  useEffect(() => {
    void schemaOf(draft.kind).then(setRoot);
  }, [draft.kind]);
  const { value } = parsed(draft.text);
  if (!root) return <p class="muted">Loading…</p>;
  if (!value) return <p class="note note-error">The YAML cannot be read: mend it there first.</p>;
  const spec = resolved(root, root.properties?.spec ?? {});
  const set = (pointer: string, next: Json | undefined) => {
    const patch =
      next === undefined
        ? { op: "remove" as const, path: pointer }
        : { op: "replace" as const, path: pointer, value: next };
    edit(draft.key, patched(draft.text, [patch]));
  };
  return (
    <fieldset class="form" disabled={readOnly}>
      <legend class="sr-only">{draft.key}</legend>
      <Fields root={root} schema={spec} pointer="/spec" value={value} set={set} />
    </fieldset>
  );
}

interface Part {
  root: Schema;
  schema: Schema;
  pointer: string;
  value: unknown;
  set: (pointer: string, next: Json | undefined) => void;
}

function Fields({ root, schema, pointer, value, set }: Part) {
  return (
    <>
      {Object.entries(schema.properties ?? {}).map(([name, property]) => {
        const own = resolved(root, property);
        const at = `${pointer}/${name}`;
        const part = { root, schema: own, pointer: at, value, set };
        const isObject = own.type === "object" && own.properties;
        return isObject ? (
          <Group key={name} name={name} {...part} />
        ) : (
          <Field
            key={name}
            name={name}
            required={schema.required?.includes(name) ?? false}
            {...part}
          />
        );
      })}
    </>
  );
}

function Group({ name, ...part }: Part & { name: string }) {
  return (
    <fieldset class="form-group">
      <legend>{part.schema.title ?? name}</legend>
      {part.schema.description && <p class="muted small">{part.schema.description}</p>}
      <Fields {...part} />
    </fieldset>
  );
}

function Field({
  name,
  required,
  schema,
  pointer,
  value,
  set,
}: Part & { name: string; required: boolean }) {
  const current = valueAt(value, pointer);
  const id = `f${pointer.replaceAll("/", "-")}`;
  return (
    <div class="form-field">
      <label for={id}>
        {schema.title ?? name} <span class="mono muted small">{name}</span>
        {required && <span class="small bad"> required</span>}
      </label>
      <Input id={id} schema={schema} current={current} set={(next) => set(pointer, next)} />
      <p class="muted small" id={`${id}-help`}>
        {[schema.description, bounds(schema)].filter(Boolean).join(" ")}
      </p>
    </div>
  );
}

interface InputProps {
  id: string;
  schema: Schema;
  current: Json | undefined;
  set: (next: Json | undefined) => void;
}

function Input({ id, schema, current, set }: InputProps) {
  const shared = { id, "aria-describedby": `${id}-help` };
  const options = schema.enum ?? (schema.type === "boolean" ? [true, false] : null);
  if (options)
    return (
      <select
        {...shared}
        value={current === undefined ? "" : String(current)}
        onChange={(event) =>
          set(options.find((each) => String(each) === event.currentTarget.value))
        }
      >
        <option value="">not set</option>
        {options.map((each) => (
          <option key={String(each)} value={String(each)}>
            {String(each)}
          </option>
        ))}
      </select>
    );
  if (typeof current === "object" && current !== null && !isFlat(current))
    return (
      <p {...shared} class="muted">
        {Array.isArray(current) ? `${current.length} entries` : "a block"}: edit it in the YAML.
      </p>
    );
  const text = Array.isArray(current) ? current.join(", ") : String(current ?? "");
  return (
    <input
      {...shared}
      value={text}
      placeholder={schema.default === undefined ? "not set" : `${schema.default} (default)`}
      onChange={(event) => set(read(event.currentTarget.value.trim(), schema))}
    />
  );
}

function isFlat(value: Json): boolean {
  return Array.isArray(value) && value.every((each) => typeof each !== "object");
}

/** What somebody typed, as the schema would have it; the server says if it is wrong. */
function read(text: string, schema: Schema): Json | undefined {
  if (text === "") return undefined;
  if (schema.type === "array") return text.split(",").map((each) => number(each.trim()));
  return schema.type === "string" ? text : number(text);
}

function number(text: string): string | number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
