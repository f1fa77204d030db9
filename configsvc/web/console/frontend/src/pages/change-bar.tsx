/** The change that is being made, at the foot of every page on which one can be made. */

import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import type { Problem } from "../api/types";
import { changed, checking, discard, preview, publish, stale } from "../draft/draft";
import { go, href, place, setGuard } from "../router";
import { mayPublish } from "../session";
import { Dialog } from "../ui/dialog";
import { FindingCard, ResourceLink } from "../ui/finding";
import { ProblemNote } from "../ui/parts";
import { Stale } from "./stale";

export function ChangeBar() {
  const [asking, setAsking] = useState(false);
  const count = changed.value.length;
  useEffect(() => {
    const keep = (event: BeforeUnloadEvent) => {
      if (changed.value.length) event.preventDefault();
    };
    window.addEventListener("beforeunload", keep);
    setGuard(() => true);
    return () => window.removeEventListener("beforeunload", keep);
  }, []);
  if (count === 0) return null;
  return (
    <div class="change-bar" role="region" aria-label="Your change">
      <strong>
        {count} {count === 1 ? "document" : "documents"} changed
      </strong>
      <Verdict />
      <span class="grow" />
      <button type="button" class="quiet" onClick={discard}>
        Discard
      </button>
      {mayPublish.value && (
        <button type="button" class="primary" onClick={() => setAsking(true)}>
          Publish…
        </button>
      )}
      {asking && stale.value.length === 0 && <Publish onClose={() => setAsking(false)} />}
      {stale.value.length > 0 && <Stale onClose={() => setAsking(false)} />}
    </div>
  );
}

function Verdict() {
  const seen = preview.value;
  if (checking.value || !seen) return <span class="muted">checking…</span>;
  if (seen.publishable)
    return (
      <span class="good" role="status">
        Fits together
      </span>
    );
  const errors = seen.errors.length + seen.blocking.length + seen.needsWaive.length;
  return (
    <span class="bad" role="status">
      {errors} {errors === 1 ? "error keeps" : "errors keep"} it from being published
    </span>
  );
}

function Publish({ onClose }: { onClose: () => void }) {
  const [message, setMessage] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const outcome = await publish(message);
      go(href(place.value.namespace, "history", outcome.revision));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Publish" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Summary />
        <label class="field">
          Message
          <textarea
            required
            rows={2}
            maxLength={1000}
            placeholder="Why is this changed?"
            value={message}
            onInput={(event) => setMessage(event.currentTarget.value)}
          />
        </label>
        <ProblemNote problem={problem} />
        {problem?.findings?.map((finding) => (
          <FindingCard key={finding.fingerprints[0]} finding={finding} />
        ))}
        <div class="row">
          <span class="grow" />
          <button type="submit" class="primary" disabled={busy}>
            Publish now
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Summary() {
  const seen = preview.value;
  return (
    <div>
      <ul class="plain">
        {changed.value.map((draft) => (
          <li key={draft.key}>
            {draft.deleted ? "Delete " : draft.original ? "Change " : "Add "}
            <ResourceLink resource={draft.key} />
          </li>
        ))}
      </ul>
      {seen && (
        <p class="muted">
          {seen.edgesTotal} {seen.edgesTotal === 1 ? "edge changes" : "edges change"};{" "}
          {seen.added.length} new {seen.added.length === 1 ? "finding" : "findings"},{" "}
          {seen.resolved.length} resolved.
        </p>
      )}
    </div>
  );
}
