/** Every open finding of the namespace, worst first; and the way to accept one for a while. */

import { useMemo, useState } from "preact/hooks";
import { inNamespace } from "../api/client";
import { findingsTold, head } from "../api/live";
import type { Finding, Findings, Opened, Resource, Severity } from "../api/types";
import { enter, repair } from "../draft/draft";
import { go, href, place } from "../router";
import { mayPublish, mayWaive } from "../session";
import { useAnswer } from "../ui/asking";
import { FindingCard } from "../ui/finding";
import { Choice, Empty, ProblemNote } from "../ui/parts";
import { ago } from "../ui/spans";
import { Waive } from "./waive";

const RANK: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

type Show = "open" | "waived" | "all";
type Order = "severity" | "owner" | "age";

export function FindingsPage() {
  const { namespace } = place.value;
  const [show, setShow] = useState<Show>("open");
  const [text, setText] = useState("");
  const [order, setOrder] = useState<Order>("severity");
  const [waiving, setWaiving] = useState<Finding>();
  const { data, problem } = useAnswer<Findings>(
    inNamespace(namespace, "findings"),
    `${head.value?.revision} ${findingsTold.value}`,
  );
  const services = useAnswer<{ items: Resource[] }>(
    `${inNamespace(namespace, "resources")}?kind=Service`,
    head.value?.revision,
  ).data;
  const owners = useMemo(() => ownersOf(services?.items ?? []), [services]);
  const found = useMemo(
    () => listed(data, show, text, order, owners),
    [data, show, text, order, owners],
  );
  return (
    <section class="page">
      <header class="page-head">
        <h1>Findings</h1>
        <Choice
          label="Which findings"
          value={show}
          onChange={setShow}
          options={[
            ["open", `Open ${data?.items.length ?? ""}`],
            ["waived", `Waived ${data?.waived.length ?? ""}`],
            ["all", "All"],
          ]}
        />
        <span class="grow" />
        <Choice
          label="Order"
          value={order}
          onChange={setOrder}
          options={[
            ["severity", "Worst"],
            ["owner", "Owner"],
            ["age", "Oldest"],
          ]}
        />
        <label>
          <span class="sr-only">Filter findings</span>
          <input
            type="search"
            placeholder="Filter: code, service, owner…"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </header>
      <ProblemNote problem={problem} />
      {data && found.length === 0 && (
        <Empty title={data.items.length ? "No finding matches" : "Everything fits together"}>
          <p>
            {data.edges} edges were checked; {data.notEvaluated.length} rules miss data they would
            need.
          </p>
        </Empty>
      )}
      <div class="stack">
        {found.map((finding) => (
          <FindingCard key={finding.fingerprints[0]} finding={finding} ofHead>
            <Facts
              finding={finding}
              owners={owners}
              opened={data?.opened[finding.fingerprints[0] ?? ""]}
            />
            <span class="grow" />
            {finding.fix && mayPublish.value && !finding.waivedBy && (
              <button type="button" onClick={() => void mend(finding)}>
                {finding.fix.title}
              </button>
            )}
            {mayPublish.value && !finding.waivedBy && canWaive(finding) && (
              <button type="button" class="quiet" onClick={() => setWaiving(finding)}>
                Waive…
              </button>
            )}
          </FindingCard>
        ))}
      </div>
      {waiving && <Waive finding={waiving} onClose={() => setWaiving(undefined)} />}
    </section>
  );
}

/** An error may be waived by an admin alone: the server sees to it, the page does not offer it. */
function canWaive(finding: Finding): boolean {
  return finding.severity !== "error" || mayWaive.value;
}

async function mend(finding: Finding): Promise<void> {
  const { namespace } = place.value;
  enter(namespace);
  await repair(finding);
  const [kind = "", name = ""] = (finding.fix?.resource ?? "").split("/");
  go(href(namespace, "edit", kind, name));
}

function Facts(props: {
  finding: Finding;
  owners: ReadonlyMap<string, string>;
  opened: Opened | undefined;
}) {
  const { finding, opened } = props;
  const owner = ownerOf(finding, props.owners);
  const { namespace } = place.value;
  return (
    <span class="muted small">
      {owner && `owner ${owner} · `}
      {opened ? (
        <span title={opened.time}>
          open {opened.older ? "for longer than" : "for"} {ago(opened.time)}, since{" "}
          {opened.older && "before "}
          <a href={href(namespace, "history", opened.revision)}>r{opened.revision}</a>
        </span>
      ) : (
        "new: no change so far was published with it"
      )}
      {finding.waivedBy && ` · waived by ${finding.waivedBy}`}
    </span>
  );
}

function ownerOf(finding: Finding, owners: ReadonlyMap<string, string>): string {
  const edges = finding.edges ?? finding.subject.path ?? [];
  const edge = finding.subject.edge ?? edges[0];
  const service = finding.subject.resource?.split("/")[1];
  return owners.get(edge?.from ?? service ?? "") ?? "";
}

function ownersOf(services: readonly Resource[]): ReadonlyMap<string, string> {
  return new Map(
    services.map((each) => [each.name, String(each.document.spec.owner ?? "")] as const),
  );
}

function listed(
  data: Findings | undefined,
  show: Show,
  text: string,
  order: Order,
  owners: ReadonlyMap<string, string>,
): Finding[] {
  const all = [
    ...(show === "waived" ? [] : (data?.items ?? [])),
    ...(show === "open" ? [] : (data?.waived ?? [])),
  ];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const since = (each: Finding) => data?.opened[each.fingerprints[0] ?? ""]?.time ?? "~";
  const before: Record<Order, (one: Finding, other: Finding) => number> = {
    severity: () => 0,
    owner: (one, other) => ownerOf(one, owners).localeCompare(ownerOf(other, owners)),
    age: (one, other) => since(one).localeCompare(since(other)),
  };
  return all
    .filter((each) => {
      const seen = `${each.code} ${each.name} ${each.message} ${each.fingerprints[0]} ${ownerOf(each, owners)}`;
      return words.every((word) => seen.toLowerCase().includes(word));
    })
    .sort((one, other) => before[order](one, other) || RANK[one.severity] - RANK[other.severity]);
}
