/** Where nodes and lines go: in layers from callers to callees, by dagre; downwards if upright. */

import dagre from "@dagrejs/dagre";
import { type Picture, pairKey } from "./model";

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  upright: boolean;
  width: number;
  height: number;
  nodes: ReadonlyMap<string, Point & { width: number }>;
  lines: ReadonlyMap<string, Point[]>;
}

export const HEIGHT = 34;
const CHARACTER = 7.9;
/** Nodes beyond which a faster way to rank them is taken. */
const MANY = 120;

export function layout(picture: Picture, upright: boolean): Layout {
  const graph = new dagre.graphlib.Graph();
  const ranker = picture.nodes.length > MANY ? "longest-path" : "network-simplex";
  const along = upright
    ? { rankdir: "TB", nodesep: 18, ranksep: 60 }
    : { rankdir: "LR", nodesep: 14, ranksep: 90 };
  graph.setGraph({ ...along, marginx: 16, marginy: 16, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of picture.nodes)
    graph.setNode(node.id, { width: node.id.length * CHARACTER + 40, height: HEIGHT });
  for (const link of picture.links) graph.setEdge(link.from, link.to);
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const nodes = new Map(
    picture.nodes.map(({ id }) => [id, graph.node(id) as unknown as Point & { width: number }]),
  );
  const lines = new Map(
    picture.links.map((link) => [
      pairKey(link),
      (graph.edge(link.from, link.to) as unknown as { points: Point[] }).points,
    ]),
  );
  return { upright, width, height, nodes, lines };
}

/** A smooth path through points. */
export function curve(points: readonly Point[], upright: boolean): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x},${first.y}`;
  let at = first;
  for (const next of rest) {
    const x = (at.x + next.x) / 2;
    const y = (at.y + next.y) / 2;
    path += upright ? `C${at.x},${y} ${next.x},${y}` : `C${x},${at.y} ${x},${next.y}`;
    path += ` ${next.x},${next.y}`;
    at = next;
  }
  return path;
}
