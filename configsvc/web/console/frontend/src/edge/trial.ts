/** What three faults do to an edge: run by the server, over what is being changed. */

import { useEffect, useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import type { EdgeTrial } from "../api/trials";
import type { EdgeId, Problem } from "../api/types";
import { content, drafts } from "../draft/draft";

/** Milliseconds of quiet after which the changed values are tried. */
const QUIET = 350;

export interface Tried {
  trial: EdgeTrial | undefined;
  problem: Problem | undefined;
  running: boolean;
}

/** The trial of an edge, anew whenever the change or `version` differs. */
export function useTrial(namespace: string, edge: EdgeId, version: unknown): Tried {
  const [tried, setTried] = useState<Tried>({
    trial: undefined,
    problem: undefined,
    running: true,
  });
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      const path = inNamespace(namespace, "edges", edge.from, edge.to, edge.operation, "simulate");
      const { put, delete: gone } = content();
      try {
        const trial = await post<EdgeTrial>(path, { put, delete: gone }, stop.signal);
        setTried({ trial, problem: undefined, running: false });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof Refusal)) throw error;
        const { problem } = error;
        setTried(({ trial }) => ({ trial, problem, running: false }));
      }
    };
    setTried((before) => ({ ...before, running: true }));
    const timer = setTimeout(() => void ask(), QUIET);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [namespace, edge.from, edge.to, edge.operation, version, drafts.value]);
  return tried;
}
