/** The JSON Schema of a kind, asked for what may stand at a place of a document. */

import { get } from "../api/client";
import type { Json } from "../api/types";

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  required?: string[];
  enum?: Json[];
  const?: Json;
  default?: Json;
  examples?: Json[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  "x-configsvc-minimum"?: string;
  "x-configsvc-maximum"?: string;
}

const known = new Map<string, Promise<Schema>>();

export function schemaOf(kind: string): Promise<Schema> {
  const found = known.get(kind) ?? get<Schema>(`/v1/schemas/${encodeURIComponent(kind)}`);
  known.set(kind, found);
  found.catch(() => known.delete(kind));
  return found;
}

/** A schema with its reference followed; what stands beside the reference wins. */
export function resolved(root: Schema, schema: Schema): Schema {
  const name = schema.$ref?.replace("#/$defs/", "");
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (!target) return schema;
  const { $ref: _, ...own } = schema;
  return { ...resolved(root, target), ...own };
}

/** The schemas that may hold at a path, alternatives included. */
export function schemasAt(root: Schema, path: readonly string[]): Schema[] {
  let found = alternatives(root, root);
  for (const step of path) {
    found = found.flatMap((schema) => {
      const property = schema.properties?.[step];
      if (property) return alternatives(root, property);
      if (schema.items && /^\d+$/.test(step)) return alternatives(root, schema.items);
      const others = schema.additionalProperties;
      return typeof others === "object" ? alternatives(root, others) : [];
    });
  }
  return found;
}

function alternatives(root: Schema, schema: Schema): Schema[] {
  const own = resolved(root, schema);
  const others = [...(own.oneOf ?? []), ...(own.anyOf ?? []), ...(own.allOf ?? [])];
  return [own, ...others.flatMap((each) => alternatives(root, each))];
}

/** The texts that may stand as a value: those of an enumeration, else examples. */
export function valuesOf(schemas: readonly Schema[]): string[] {
  const values = schemas.flatMap((schema) => {
    if (schema.const !== undefined) return [schema.const];
    if (schema.enum) return schema.enum;
    if (schema.type === "boolean") return [true, false];
    return (schema.examples ?? []).filter((each) => typeof each !== "object");
  });
  return [...new Set(values.map(String))];
}

/** What a value may be, in words. */
export function bounds(schema: Schema): string {
  const parts: string[] = [];
  if (schema.enum) parts.push(`one of ${schema.enum.join(", ")}`);
  const low = schema["x-configsvc-minimum"] ?? schema.minimum;
  const high = schema["x-configsvc-maximum"] ?? schema.maximum;
  if (low !== undefined && high !== undefined) parts.push(`${low} to ${high}`);
  else if (low !== undefined) parts.push(`at least ${low}`);
  else if (high !== undefined) parts.push(`at most ${high}`);
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  return parts.join(" · ");
}
