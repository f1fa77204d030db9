/** Going back to a former revision: what comes back, and what today's rules say of it. */

import { useEffect, useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import { head } from "../api/live";
import type { Preview, Problem, Published } from "../api/types";
import { go, href, place } from "../router";
import { Dialog } from "../ui/dialog";
import { FindingCard } from "../ui/finding";
import { ProblemNote } from "../ui/parts";
import { Differences } from "./change";

export function RollBack({ to, onClose }: { to: number; onClose: () => void }) {
  const { namespace } = place.value;
  const [preview, setPreview] = useState<Preview>();
  const [problem, setProblem] = useState<Problem>();
  const [message, setMessage] = useState(`Back to r${to}`);
  const [accepted, setAccepted] = useState(false);
  const path = inNamespace(namespace, "rollback");
  const told = (error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    setProblem(error.problem);
  };
  useEffect(() => {
    post<Preview>(`${path}?dryRun=true`, { to }).then(setPreview).catch(told);
  }, [path, to]);
  const added = new Set(preview?.added);
  const back = (preview?.findings ?? []).filter((each) => added.has(each.fingerprints[0] ?? ""));
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const outcome = await post<Published>(path, { to, message, acknowledge: accepted });
      onClose();
      go(href(namespace, "history", outcome.revision));
    } catch (error) {
      told(error);
    }
  };
  return (
    <Dialog title={`Roll back to r${to}`} onClose={onClose} wide>
      <form onSubmit={(event) => void submit(event)}>
        <h3>What comes back</h3>
        <div class="scroll">
          <Differences from={head.value?.revision ?? to} to={to} />
        </div>
        <h3>What today's rules say of it</h3>
        {!preview && !problem && <p class="muted">Checking…</p>}
        {preview && back.length === 0 && <p class="note note-good">No finding comes back.</p>}
        {back.map((each) => (
          <FindingCard key={each.fingerprints[0]} finding={each} />
        ))}
        {back.length > 0 && (
          <label>
            <input
              type="checkbox"
              checked={accepted}
              onChange={(event) => setAccepted(event.currentTarget.checked)}
            />{" "}
            I accept what comes back
          </label>
        )}
        <label class="field">
          Message
          <input
            required
            value={message}
            onInput={(event) => setMessage(event.currentTarget.value)}
          />
        </label>
        <ProblemNote problem={problem} />
        <div class="row">
          <span class="grow" />
          <button type="submit" class="primary" disabled={!preview}>
            Roll back now
          </button>
        </div>
      </form>
    </Dialog>
  );
}
