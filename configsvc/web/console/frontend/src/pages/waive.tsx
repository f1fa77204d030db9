/** Accepting a finding for a while, with a reason. */

import { useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import { head } from "../api/live";
import type { Document, Finding, Problem } from "../api/types";
import { place } from "../router";
import { Dialog } from "../ui/dialog";
import { ProblemNote } from "../ui/parts";

const DAY = 24 * 3600 * 1000;
/** Days that a waiver may last. */
const LONGEST = 90;

export function Waive({ finding, onClose }: { finding: Finding; onClose: () => void }) {
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
