/** Every open finding of the namespace, worst first; and the way to accept one for a while. */

import { useMemo, useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import { findingsTold, head } from "../api/live";
import type { Document, Finding, Findings, Problem, Resource, Severity } from "../api/types";
import { enter, repair } from "../draft/draft";
import { go, href, place } from "../router";
import { mayPublish, mayWaive } from "../session";
import { useAnswer } from "../ui/asking";
import { Dialog } from "../ui/dialog";
import { FindingCard } from "../ui/finding";
import { Choice, Empty, ProblemNote } from "../ui/parts";

const RANK: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
const DAY = 24 * 3600 * 1000;
const LONGEST = 90;

type Show = "open" | "waived" | "all";

export function FindingsPage() {
  const { namespace } = place.value;
  const [show, setShow] = useState<Show>("open");
  const [text, setText] = useState("");
  const [waiving, setWaiving] = useState<Finding>();
  const { data, problem } = useAnswer<Findings>(
    inNamespace(namespace, "findings"),
    `${head.value?.revision} ${findingsTold.value}`,
  );
  const services = useAnswer<{ items: Resource[] }>(
    `${inNamespace(namespace, "resources")}?kind=Service`,
    head.value?.revision,
  ).data;
  const facts = useMemo(() => factsOf(services?.items ?? []), [services]);
  const found = useMemo(
    () => listed(data, show, text, facts.owners),
    [data, show, text, facts.owners],
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
          <FindingCard key={finding.fingerprints[0]} finding={finding}>
            <Facts finding={finding} owners={facts.owners} revisions={facts.revisions} />
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
  revisions: ReadonlyMap<string, number>;
}) {
  const { finding } = props;
  const owner = ownerOf(finding, props.owners);
  const since = Math.max(...placesOf(finding).map((each) => props.revisions.get(each) ?? 0));
  return (
    <span class="muted small">
      {owner && `owner ${owner} · `}
      {finding.waivedBy ? `waived by ${finding.waivedBy}` : since > 0 && `since at most r${since}`}
    </span>
  );
}

function placesOf(finding: Finding): string[] {
  return (finding.places ?? []).map((each) => each.resource);
}

function ownerOf(finding: Finding, owners: ReadonlyMap<string, string>): string {
  const edges = finding.edges ?? finding.subject.path ?? [];
  const edge = finding.subject.edge ?? edges[0];
  const service = finding.subject.resource?.split("/")[1];
  return owners.get(edge?.from ?? service ?? "") ?? "";
}

function factsOf(services: readonly Resource[]) {
  const owners = new Map(
    services.map((each) => [each.name, String(each.document.spec.owner ?? "")] as const),
  );
  const revisions = new Map(
    services.map((each) => [`${each.kind}/${each.name}`, each.revision] as const),
  );
  return { owners, revisions };
}

function listed(
  data: Findings | undefined,
  show: Show,
  text: string,
  owners: ReadonlyMap<string, string>,
): Finding[] {
  const all = [
    ...(show === "waived" ? [] : (data?.items ?? [])),
    ...(show === "open" ? [] : (data?.waived ?? [])),
  ];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter((each) => {
      const seen = `${each.code} ${each.name} ${each.message} ${each.fingerprints[0]} ${ownerOf(each, owners)}`;
      return words.every((word) => seen.toLowerCase().includes(word));
    })
    .sort((one, other) => RANK[one.severity] - RANK[other.severity]);
}

function Waive({ finding, onClose }: { finding: Finding; onClose: () => void }) {
  const { namespace } = place.value;
  const [reason, setReason] = useState("");
  const [owner, setOwner] = useState("");
  const [expires, setExpires] = useState(inDays(30));
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: Event) => {
    event.preventDefault();
    const waiver = { code: finding.code, ...whereOf(finding), reason, owner, expires };
    const message = `Waive ${finding.code}: ${reason}`.slice(0, 500);
    const base = head.value?.revision ?? 0;
    try {
      await post<Document>(inNamespace(namespace, "changes"), { message, base, waivers: [waiver] });
      onClose();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.problem);
    }
  };
  return (
    <Dialog title={`Waive ${finding.code} ${finding.name}`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p>{finding.message}</p>
        <label class="field">
          Reason
          <textarea
            required
            rows={2}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          Owner
          <input required value={owner} onInput={(event) => setOwner(event.currentTarget.value)} />
        </label>
        <label class="field">
          Expires
          <input
            type="date"
            required
            min={inDays(1)}
            max={inDays(LONGEST)}
            value={expires}
            onInput={(event) => setExpires(event.currentTarget.value)}
          />
        </label>
        <ProblemNote problem={problem} />
        <button type="submit" class="primary">
          Waive until then
        </button>
      </form>
    </Dialog>
  );
}

function whereOf(finding: Finding) {
  const { edge, path, resource } = finding.subject;
  if (resource) return { resource };
  return { edge: edge ?? path?.[0] };
}

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
}
