/** Who runs what right now. */

import { useMemo, useState } from "preact/hooks";
import { agents, head, incomplete } from "../api/live";
import type { Agent, AgentState } from "../api/types";
import { Empty, State } from "../ui/parts";
import { span } from "../ui/spans";
import { RolloutBar } from "./rollout-bar";

const STATES: AgentState[] = ["applied", "pending", "rejected", "overridden", "stale"];
const SHOWN = 500;

export function Fleet() {
  const [text, setText] = useState("");
  const [state, setState] = useState<AgentState | "">("");
  const all = agents.value;
  const rows = useMemo(() => [...all.values()].sort(byName), [all]);
  const found = rows.filter((row) => matches(row, text, state));
  return (
    <section class="page">
      <header class="page-head">
        <h1>Fleet</h1>
        <Summary rows={rows} state={state} choose={setState} />
        <span class="grow" />
        <label>
          <span class="sr-only">Filter instances</span>
          <input
            type="search"
            placeholder="Filter: service, instance, version…"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </header>
      <RolloutBar />
      {incomplete.value.length > 0 && (
        <p class="note note-warning">
          Some processes did not answer in time, so agents may be missing:{" "}
          {incomplete.value.join(", ")}
        </p>
      )}
      {rows.length === 0 ? (
        <Empty title="No agent has connected to this namespace yet">
          <p>
            Mint a token with <code>configsvc token create --agent SERVICE</code> and start the
            service with it; it appears here the moment its agent connects.
          </p>
        </Empty>
      ) : (
        <Table rows={found} />
      )}
    </section>
  );
}

function Summary(props: {
  rows: Agent[];
  state: AgentState | "";
  choose: (state: AgentState | "") => void;
}) {
  const counts = new Map<AgentState, number>();
  for (const row of props.rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  return (
    <div class="chips" role="group" aria-label="Instances by state">
      <button
        type="button"
        class="chip"
        aria-pressed={props.state === ""}
        onClick={() => props.choose("")}
      >
        all <b>{props.rows.length}</b>
      </button>
      {STATES.filter((state) => counts.has(state)).map((state) => (
        <button
          type="button"
          key={state}
          class={`chip chip-${state}`}
          aria-pressed={props.state === state}
          onClick={() => props.choose(props.state === state ? "" : state)}
        >
          {state} <b>{counts.get(state)}</b>
        </button>
      ))}
    </div>
  );
}

function Table({ rows }: { rows: Agent[] }) {
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label="Instances">
      <table>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Instance</th>
            <th scope="col">State</th>
            <th scope="col">Bundle</th>
            <th scope="col">Digest</th>
            <th scope="col">Lag</th>
            <th scope="col">Breakers</th>
            <th scope="col" class="num">
              Calls/s
            </th>
            <th scope="col">Agent</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN).map((row) => (
            <Row key={`${row.service} ${row.instance}`} row={row} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="muted">No instance matches the filter.</p>}
      {rows.length > SHOWN && (
        <p class="muted">
          The first {SHOWN} of {rows.length}: filter to see others.
        </p>
      )}
    </div>
  );
}

function Row({ row }: { row: Agent }) {
  const rate = row.traffic.reduce((sum, each) => sum + each.rate, 0);
  const failures = row.traffic.reduce((sum, each) => sum + each.failures, 0);
  return (
    <tr>
      <th scope="row">{row.service}</th>
      <td class="mono">{row.instance}</td>
      <td>
        <State state={row.state} />
        {row.reason && <div class="reason">{row.reason}</div>}
      </td>
      <td class="mono">
        r{row.version}
        {row.wantedVersion !== row.version && row.wantedVersion > 0 && (
          <span class="muted"> → r{row.wantedVersion}</span>
        )}
        {head.value && row.version === head.value.revision && <span class="sr-only"> newest</span>}
      </td>
      <td class="mono muted" title={row.digest}>
        {row.digest.slice(0, 8) || "none"}
      </td>
      <td class="mono">{row.lag ? span(row.lag) : <span class="muted">0</span>}</td>
      <td>
        <Breakers row={row} />
      </td>
      <td class="num mono">
        {rate ? rate.toFixed(1) : <span class="muted">0</span>}
        {failures > 0 && <div class="bad">{failures.toFixed(1)} fail</div>}
      </td>
      <td class="muted">
        {row.language} {row.agentVersion}
        {row.health && row.health !== "ready" && <div class="bad">{row.health}</div>}
      </td>
    </tr>
  );
}

function Breakers({ row }: { row: Agent }) {
  const moved = row.breakers.filter((each) => each.state !== "closed");
  if (moved.length === 0)
    return (
      <span class="muted">{row.breakers.length ? `${row.breakers.length} closed` : "none"}</span>
    );
  return (
    <ul class="plain">
      {moved.map((each) => (
        <li key={each.edge}>
          <State state={each.state} /> {each.edge.split(" -> ")[1]}
        </li>
      ))}
    </ul>
  );
}

function matches(row: Agent, text: string, state: AgentState | ""): boolean {
  if (state && row.state !== state) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const seen = `${row.service} ${row.instance} r${row.version} ${row.digest} ${row.state} ${row.agentVersion}`;
  return words.every((word) => seen.toLowerCase().includes(word));
}

function byName(one: Agent, other: Agent): number {
  return one.service.localeCompare(other.service) || one.instance.localeCompare(other.instance);
}
