/** Who calls whom, and how it fares. */

import { useMemo, useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { edgeStates, findingsTold, head } from "../api/live";
import type { Findings, Graph, Resource } from "../api/types";
import { Canvas } from "../graph/canvas";
import { around, byOwner, type Link, type Picture, pictureOf } from "../graph/model";
import { href, place } from "../router";
import { useAnswer } from "../ui/asking";
import { Choice, Empty, ProblemNote, SeverityMark, State } from "../ui/parts";

type Show = "services" | "owners" | "table";

export default function MapPage() {
  const { namespace } = place.value;
  const revision = head.value?.revision;
  const [show, setShow] = useState<Show>("services");
  const [text, setText] = useState("");
  const [focus, setFocus] = useState<string | null>(null);
  const { data: graph, problem } = useAnswer<Graph>(inNamespace(namespace, "graph"), revision);
  const findings = useAnswer<Findings>(
    inNamespace(namespace, "findings"),
    `${revision} ${findingsTold.value}`,
  ).data;
  const owners = useOwners(namespace, revision, show === "owners");
  const whole = useMemo(
    () => graph && pictureOf(graph, owners, findings?.items ?? [], edgeStates.value.values()),
    [graph, owners, findings, edgeStates.value],
  );
  const picture = whole && shown(whole, show, focus);
  const matches = picture && text ? matching(picture, text) : null;
  const choose = (id: string) => {
    if (show === "owners") {
      setShow("services");
      setText(id);
    } else setFocus(focus === id ? null : id);
  };
  const find = (value: string) => {
    setText(value);
    if (whole?.nodes.some((node) => node.id === value)) setFocus(value);
  };
  return (
    <section class="page map-page">
      <header class="page-head">
        <h1>Map</h1>
        <Choice
          label="Show"
          value={show}
          onChange={setShow}
          options={[
            ["services", "Services"],
            ["owners", "Owners"],
            ["table", "Table"],
          ]}
        />
        {focus && (
          <button type="button" class="chip" aria-pressed="true" onClick={() => setFocus(null)}>
            around {focus} ✕
          </button>
        )}
        <span class="grow" />
        <Legend />
        <label>
          <span class="sr-only">Find a service</span>
          <input
            type="search"
            list="services"
            placeholder="Find a service or owner…"
            value={text}
            onInput={(event) => find(event.currentTarget.value)}
          />
          <datalist id="services">
            {whole?.nodes.map((node) => (
              <option key={node.id} value={node.id} />
            ))}
          </datalist>
        </label>
      </header>
      <ProblemNote problem={problem} />
      {picture && picture.nodes.length === 0 && <Empty title="There is no service yet" />}
      {picture && picture.nodes.length > 0 && show !== "table" && (
        <Canvas
          picture={picture}
          selected={focus}
          matches={matches}
          hrefOf={(link) => address(link, show, namespace)}
          onSelect={choose}
        />
      )}
      {picture && show === "table" && <Links picture={picture} text={text} />}
    </section>
  );
}

function address(link: Link, show: Show, namespace: string): string {
  if (show === "owners") return href(namespace, "map");
  return href(namespace, "edges", link.from, link.to, ...link.operations.slice(0, 1));
}

function shown(whole: Picture, show: Show, focus: string | null): Picture {
  if (show === "owners") return byOwner(whole);
  return focus ? around(whole, focus) : whole;
}

function matching(picture: Picture, text: string): ReadonlySet<string> {
  const word = text.toLowerCase();
  const found = picture.nodes.filter((node) =>
    `${node.id} ${node.owner}`.toLowerCase().includes(word),
  );
  return new Set(found.map((node) => node.id));
}

/** Owners by service, asked for when they are shown. */
function useOwners(namespace: string, revision: unknown, wanted: boolean) {
  const [asked, setAsked] = useState(false);
  if (wanted && !asked) setAsked(true);
  const path = `${inNamespace(namespace, "resources")}?kind=Service`;
  const { data } = useAnswer<{ items: Resource[] }>(asked ? path : null, revision);
  return useMemo(
    () =>
      new Map(
        (data?.items ?? []).map((each) => [each.name, String(each.document.spec.owner ?? "")]),
      ),
    [data],
  );
}

function Legend() {
  return (
    <ul class="plain legend muted small" aria-label="Colours of the lines">
      <li class="legend-error">error or open breaker</li>
      <li class="legend-warning">warning</li>
      <li class="legend-calm">fits</li>
    </ul>
  );
}

function Links({ picture, text }: { picture: Picture; text: string }) {
  const { namespace } = place.value;
  const word = text.toLowerCase();
  const links = picture.links.filter((link) =>
    `${link.from} ${link.to}`.toLowerCase().includes(word),
  );
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label="Calls">
      <table>
        <thead>
          <tr>
            <th scope="col">Caller</th>
            <th scope="col">Callee</th>
            <th scope="col">Operations</th>
            <th scope="col">Worst finding</th>
            <th scope="col">Breakers</th>
            <th scope="col" class="num">
              Calls/s
            </th>
          </tr>
        </thead>
        <tbody>
          {links.map((link) => (
            <tr key={`${link.from} ${link.to}`}>
              <th scope="row">{link.from}</th>
              <td>{link.to}</td>
              <td>
                {link.operations.map((operation) => (
                  <a
                    key={operation}
                    class="mono operation"
                    href={href(namespace, "edges", link.from, link.to, operation)}
                  >
                    {operation}
                  </a>
                ))}
              </td>
              <td>
                {link.worst ? (
                  <SeverityMark severity={link.worst} />
                ) : (
                  <span class="muted">none</span>
                )}
              </td>
              <td>
                {link.open > 0 && <State state="open" />}
                {link.halfOpen > 0 && <State state="half-open" />}
                {!link.open && !link.halfOpen && <span class="muted">none open</span>}
              </td>
              <td class="num mono">
                {link.rate ? link.rate.toFixed(1) : <span class="muted">0</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
