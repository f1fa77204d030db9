/** Where in a document a line of block YAML is, by indentation: also while it cannot be parsed. */

export interface Spot {
  /** The keys and list positions around the line, outermost first. */
  path: string[];
  /** The key of the line itself, if it has one that ends in a colon. */
  key: string | null;
  /** Whether the column is behind that colon. */
  inValue: boolean;
}

const LINE = /^(\s*)((?:- +)*)(?:("?)([\w.-]+)\3\s*:(?=\s|$))?/;

interface Shape {
  indent: number;
  dashes: number;
  key: string | null;
  colon: number;
  blank: boolean;
}

/** The spot of a column (from 0) in a line. */
export function spotAt(lines: readonly string[], number: number, column: number): Spot {
  const own = shapeOf(lines[number] ?? "");
  const inValue = own.key !== null && column > own.colon;
  const path: string[] = [];
  let limit = own.blank ? column : own.indent;
  if (own.dashes) limit -= 2;
  if (own.dashes) path.unshift(String(positionOf(lines, number, own.indent - 2)));
  for (let at = number - 1; at >= 0 && limit >= 0; at -= 1) {
    const line = shapeOf(lines[at] ?? "");
    if (line.blank) continue;
    if (line.dashes && line.indent - 2 < limit && line.indent >= limit && limit > 0) {
      if (line.indent === limit) {
        path.unshift(String(positionOf(lines, at, line.indent - 2)));
        limit = line.indent - 2;
        continue;
      }
    }
    const opens = line.key !== null && line.indent < limit;
    const opensList = own.dashes > 0 && line.key !== null && !line.dashes && line.indent <= limit;
    if (!opens && !(opensList && path.length === 1)) continue;
    path.unshift(line.key ?? "");
    limit = line.indent;
    if (line.dashes) {
      path.unshift(String(positionOf(lines, at, line.indent - 2)));
      limit = line.indent - 2;
    }
  }
  return { path, key: own.key, inValue };
}

function shapeOf(line: string): Shape {
  const match = LINE.exec(line);
  const [, spaces = "", dashes = "", , key = null] = match ?? [];
  const text = line.trim();
  return {
    indent: spaces.length + dashes.length,
    dashes: dashes.length,
    key,
    colon: key === null ? -1 : line.indexOf(":", spaces.length + dashes.length),
    blank: text === "" || text.startsWith("#"),
  };
}

/** The position of a list's entry among its siblings: how many dashes stand above it. */
function positionOf(lines: readonly string[], number: number, column: number): number {
  let count = 0;
  for (let at = number - 1; at >= 0; at -= 1) {
    const line = shapeOf(lines[at] ?? "");
    if (line.blank) continue;
    const start = line.indent - line.dashes;
    if (start < column || (start === column && !line.dashes)) break;
    if (start === column && line.dashes) count += 1;
  }
  return count;
}
