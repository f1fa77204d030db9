/** The rollout in progress: how far it has come, live, and the ways to steer it. */

import { useState } from "preact/hooks";
import { inNamespace, post, Refusal } from "../api/client";
import { rollout } from "../api/live";
import type { Problem, Rollout } from "../api/types";
import { href, place } from "../router";
import { mayPublish } from "../session";
import { ProblemNote, State } from "../ui/parts";

const ONGOING = ["rolling", "paused", "suspended"];

export function RolloutBar() {
  const [problem, setProblem] = useState<Problem>();
  const found = rollout.value;
  if (!found || !ONGOING.includes(found.phase)) return null;
  const { namespace } = place.value;
  const move = (step: string) => async () => {
    const body = step === "pause" || step === "abort" ? {} : undefined;
    try {
      await post(inNamespace(namespace, "rollouts", found.id, step), body);
      setProblem(undefined);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.problem);
    }
  };
  return (
    <section class="card stack" aria-label="Rollout in progress">
      <div class="row" role="status">
        <strong>Rollout</strong>
        <a class="mono" href={href(namespace, "history", found.id)}>
          r{found.id}
        </a>
        <State state={found.phase} />
        <span>
          stage {found.stage + 1} of {found.plan.stages.length}, {found.share} of the fleet
        </span>
        <span class="message muted">{found.reason || found.message}</span>
      </div>
      {mayPublish.value && (
        <div class="row">
          {stepsOf(found).map(([step, text]) => (
            <button type="button" key={step} onClick={() => void move(step)()}>
              {text}
            </button>
          ))}
        </div>
      )}
      <ProblemNote problem={problem} />
    </section>
  );
}

/** What can be done with a rollout as it stands. */
function stepsOf(found: Rollout): [string, string][] {
  const promote: [string, string][] = [["promote", "Put in force for all"]];
  return [
    found.phase === "rolling" ? ["pause", "Pause"] : ["resume", "Resume"],
    ...(found.phase === "suspended" ? [] : promote),
    ["abort", "Abort"],
  ];
}
