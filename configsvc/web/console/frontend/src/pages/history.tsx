/** What was changed, by whom and why. */

import { useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { head } from "../api/live";
import type { Revision } from "../api/types";
import { go, href, place } from "../router";
import { useAnswer } from "../ui/asking";
import { Empty, ProblemNote, Time } from "../ui/parts";
import { RolloutBar } from "./rollout-bar";

export function History() {
  const { namespace } = place.value;
  const [before, setBefore] = useState<number>();
  const [picked, setPicked] = useState<number[]>([]);
  const page = before === undefined ? "" : `?before=${before}`;
  const { data, problem } = useAnswer<{ items: Revision[]; next?: number }>(
    inNamespace(namespace, "changes") + page,
    head.value?.revision,
  );
  const toggle = (revision: number) =>
    setPicked((list) =>
      list.includes(revision)
        ? list.filter((each) => each !== revision)
        : [...list, revision].slice(-2),
    );
  const [from = 0, to = 0] = [...picked].sort((one, other) => one - other);
  return (
    <section class="page">
      <header class="page-head">
        <h1>History</h1>
        <span class="grow" />
        <button
          type="button"
          disabled={picked.length !== 2}
          onClick={() => go(`${href(namespace, "history", to)}?from=${from}`)}
        >
          {picked.length === 2 ? `Compare r${from} and r${to}` : "Choose two to compare"}
        </button>
      </header>
      <RolloutBar />
      <ProblemNote problem={problem} />
      {data?.items.length === 0 && <Empty title="Nothing was published yet" />}
      <ol class="plain history">
        {data?.items.map((each) => (
          <li key={each.revision} class="card row">
            <label class="pick">
              <input
                type="checkbox"
                checked={picked.includes(each.revision)}
                onChange={() => toggle(each.revision)}
              />
              <span class="sr-only">Compare revision {each.revision}</span>
            </label>
            <a class="mono" href={href(namespace, "history", each.revision)}>
              r{each.revision}
            </a>
            <span class="message">{each.message}</span>
            <span class="muted">{each.author}</span>
            <span class="muted small">
              <Time at={each.time} />
            </span>
          </li>
        ))}
      </ol>
      <div class="row">
        {before !== undefined && (
          <button type="button" onClick={() => setBefore(undefined)}>
            Newest
          </button>
        )}
        {data?.next !== undefined && (
          <button type="button" onClick={() => setBefore(data.next)}>
            Older
          </button>
        )}
      </div>
    </section>
  );
}
