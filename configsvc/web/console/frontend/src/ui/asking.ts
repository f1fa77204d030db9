/** Asking the API for what a page shows. */

import { useEffect, useRef, useState } from "preact/hooks";
import { get, Refusal } from "../api/client";
import type { Problem } from "../api/types";

export interface Asked<T> {
  data: T | undefined;
  problem: Problem | undefined;
  again: () => void;
}

/** The answer to a GET, asked anew when the path or `version` changes; null asks nothing. */
export function useAnswer<T>(path: string | null, version: unknown = 0): Asked<T> {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (shown.current !== path) setData(undefined);
    shown.current = path;
    if (path === null) return;
    const stop = new AbortController();
    get<T>(path, stop.signal)
      .then((found) => {
        setData(found);
        setProblem(undefined);
      })
      .catch((error: unknown) => {
        if (error instanceof Refusal) setProblem(error.problem);
        else if (!stop.signal.aborted) throw error;
      });
    return () => stop.abort();
  }, [path, version, round]);
  return { data, problem, again: () => setRound((n) => n + 1) };
}
