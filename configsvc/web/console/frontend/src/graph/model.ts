/** The call graph as the map draws it: services or their owners, and one line for each pair. */

import type { EdgeId, EdgeState, Finding, Graph, Severity } from "../api/types";

export interface Node {
  id: string;
  kind: string;
  owner: string;
  /** How many services it stands for. */
  size: number;
}

export interface Link {
  from: string;
  to: string;
  operations: string[];
  worst: Severity | null;
  open: number;
  halfOpen: number;
  rate: number;
  failures: number;
}

export interface Picture {
  nodes: Node[];
  links: Link[];
}

const RANK: Record<Severity, number> = { error: 3, warning: 2, info: 1 };

export function pairKey(edge: { from: string; to: string }): string {
  return `${edge.from} ${edge.to}`;
}

/** Everything that is known of the graph, one link for each pair of caller and callee. */
export function pictureOf(
  graph: Graph,
  owners: ReadonlyMap<string, string>,
  findings: readonly Finding[],
  states: Iterable<EdgeState>,
): Picture {
  const links = new Map<string, Link>();
  for (const { from, to, operation } of graph.edges) {
    const link = links.get(pairKey({ from, to })) ?? newLink(from, to);
    link.operations.push(operation);
    links.set(pairKey(link), link);
  }
  for (const finding of findings)
    for (const edge of edgesOf(finding)) worsen(links.get(pairKey(edge)), finding.severity);
  for (const state of states) {
    const link = links.get(pairKey(state));
    if (!link) continue;
    link.open += state.breakers.open ?? 0;
    link.halfOpen += state.breakers["half-open"] ?? 0;
    link.rate += state.rate;
    link.failures += state.failures;
  }
  const nodes = graph.nodes.map((node) => ({
    id: node.name,
    kind: node.kind,
    owner: owners.get(node.name) ?? "",
    size: 1,
  }));
  return { nodes, links: [...links.values()] };
}

/** The part around one service: itself, who calls it and whom it calls. */
export function around(picture: Picture, id: string): Picture {
  const links = picture.links.filter((link) => link.from === id || link.to === id);
  const names = new Set([id, ...links.flatMap((link) => [link.from, link.to])]);
  return { nodes: picture.nodes.filter((node) => names.has(node.id)), links };
}

/** One node for each owner; calls within an owner's services are not drawn. */
export function byOwner(picture: Picture): Picture {
  const ownerOf = new Map(picture.nodes.map((node) => [node.id, node.owner || "no owner"]));
  const nodes = new Map<string, Node>();
  for (const owner of ownerOf.values()) {
    const size = (nodes.get(owner)?.size ?? 0) + 1;
    nodes.set(owner, { id: owner, kind: "Owner", owner, size });
  }
  const links = new Map<string, Link>();
  for (const link of picture.links) {
    const [from = "", to = ""] = [ownerOf.get(link.from), ownerOf.get(link.to)];
    if (from === to) continue;
    const sum = links.get(pairKey({ from, to })) ?? newLink(from, to);
    sum.operations.push(...link.operations);
    sum.open += link.open;
    sum.halfOpen += link.halfOpen;
    sum.rate += link.rate;
    sum.failures += link.failures;
    if (link.worst) worsen(sum, link.worst);
    links.set(pairKey(sum), sum);
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

export function edgesOf(finding: Finding): EdgeId[] {
  const { edge, path } = finding.subject;
  return [...(edge ? [edge] : []), ...(path ?? []), ...(finding.edges ?? [])];
}

function newLink(from: string, to: string): Link {
  return { from, to, operations: [], worst: null, open: 0, halfOpen: 0, rate: 0, failures: 0 };
}

function worsen(link: Link | undefined, severity: Severity): void {
  if (link && RANK[severity] > (link.worst ? RANK[link.worst] : 0)) link.worst = severity;
}
