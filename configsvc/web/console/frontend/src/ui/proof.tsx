/** The witness of a finding, run by the server when somebody asks: what is seen against what was meant. */

import { useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import type { Proof as Shown } from "../api/trials";
import type { Finding, Problem } from "../api/types";
import { place } from "../router";
import { ProblemNote } from "./parts";

export function Proof({ finding }: { finding: Finding }) {
  const [shown, setShown] = useState<Shown>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const { namespace } = place.value;
      const path = inNamespace(namespace, "findings", finding.fingerprints[0] ?? "", "prove");
      setShown(await post<Shown>(path, {}));
      setProblem(undefined);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="row" aria-live="polite">
      <button type="button" disabled={busy} onClick={() => void run()}>
        {busy ? "Running…" : "Run it"}
      </button>
      {shown && (
        <span class={shown.harmed ? "bad" : "good"}>
          {shown.harmed ? "The harm is seen" : "No harm is seen"}: {worded(shown.measure)}{" "}
          {Math.round(shown.seen * 1000) / 1000}
          {shown.atMost !== null && `, at most ${shown.atMost} was meant`}
          {shown.atLeast !== null && `, at least ${shown.atLeast} was meant`}; {shown.calls} calls,{" "}
          {shown.attempts} attempts.
        </span>
      )}
      <ProblemNote problem={problem} />
    </div>
  );
}

function worded(measure: string): string {
  return measure.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("-", " ");
}
