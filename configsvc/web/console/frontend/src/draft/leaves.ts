/** Documents as their leaves, and three of them merged: what was, what is, what is wanted. */

import type { Json } from "../api/types";

export type Leaves = Map<string, Json>;

export interface Choice {
  path: string;
  base: Json | undefined;
  theirs: Json | undefined;
  mine: Json | undefined;
  /** Whether both sides changed it, and differently. */
  conflict: boolean;
  take: "theirs" | "mine";
}

/** Every value of a document by its pointer; lists are values as a whole. */
export function leavesOf(value: unknown, pointer = "", into: Leaves = new Map()): Leaves {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) {
    if (value !== undefined) into.set(pointer, value as Json);
    return into;
  }
  for (const [name, part] of Object.entries(value)) {
    const step = name.replaceAll("~", "~0").replaceAll("/", "~1");
    leavesOf(part, `${pointer}/${step}`, into);
  }
  return into;
}

export function same(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The leaves in which the sides differ, each with the side to take if nobody says otherwise. */
export function choices(base: unknown, theirs: unknown, mine: unknown): Choice[] {
  const [was, is, wanted] = [leavesOf(base), leavesOf(theirs), leavesOf(mine)];
  const paths = [...new Set([...was.keys(), ...is.keys(), ...wanted.keys()])].sort();
  return paths
    .map((path) => ({
      path,
      base: was.get(path),
      theirs: is.get(path),
      mine: wanted.get(path),
    }))
    .filter((leaf) => !same(leaf.theirs, leaf.mine))
    .map((leaf) => {
      const conflict = !same(leaf.base, leaf.theirs) && !same(leaf.base, leaf.mine);
      return { ...leaf, conflict, take: same(leaf.base, leaf.mine) ? "theirs" : "mine" };
    });
}
