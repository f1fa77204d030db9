/** Somebody else was first: what was, what they made of it, what you want; decided by value. */

import { useState } from "preact/hooks";
import type { Json, StaleResource } from "../api/types";
import { choicesOf, rebase, stale } from "../draft/draft";
import type { Choice } from "../draft/leaves";
import { Dialog } from "../ui/dialog";

export function Stale({ onClose }: { onClose: () => void }) {
  const [decided, setDecided] = useState(() => first(stale.value));
  const decide = (key: string, path: string, take: Choice["take"]) => {
    const list = (decided.get(key) ?? []).map((each) =>
      each.path === path ? { ...each, take } : each,
    );
    setDecided(new Map([...decided, [key, list]]));
  };
  const close = () => {
    stale.value = [];
    onClose();
  };
  const apply = () => {
    rebase(decided);
    onClose();
  };
  return (
    <Dialog title="Somebody else published meanwhile" onClose={close} wide>
      <p>
        These documents are no longer what you began from. Choose for each value; then your change
        stands on top of theirs, is checked again, and can be published.
      </p>
      {stale.value.map((resource) => (
        <Resource key={nameOf(resource)} resource={resource} decided={decided} decide={decide} />
      ))}
      <div class="row">
        <span class="grow" />
        <button type="button" onClick={close}>
          Go on editing
        </button>
        <button type="button" class="primary" onClick={apply}>
          Put my change on top
        </button>
      </div>
    </Dialog>
  );
}

function Resource(props: {
  resource: StaleResource;
  decided: ReadonlyMap<string, Choice[]>;
  decide: (key: string, path: string, take: Choice["take"]) => void;
}) {
  const key = nameOf(props.resource);
  const list = props.decided.get(key) ?? [];
  return (
    <section>
      <h3 class="mono">{key}</h3>
      {props.resource.head === null && (
        <p class="note note-warning">It was deleted meanwhile; publishing brings it back.</p>
      )}
      <div class="table-wrap" tabIndex={0} role="region" aria-label={`Values of ${key}`}>
        <table class="three-way">
          <thead>
            <tr>
              <th scope="col">Value</th>
              <th scope="col">You began from</th>
              <th scope="col">Theirs</th>
              <th scope="col">Yours</th>
            </tr>
          </thead>
          <tbody>
            {list.map((choice) => (
              <tr key={choice.path} class={choice.conflict ? "conflict" : ""}>
                <th scope="row" class="mono">
                  {choice.path.slice(1).replaceAll("/", ".")}
                  {choice.conflict && <div class="bad small">both changed it</div>}
                </th>
                <td class="mono muted">{shown(choice.base)}</td>
                {(["theirs", "mine"] as const).map((side) => (
                  <td key={side}>
                    <label class="mono">
                      <input
                        type="radio"
                        name={`${key}${choice.path}`}
                        checked={choice.take === side}
                        onChange={() => props.decide(key, choice.path, side)}
                      />{" "}
                      {shown(choice[side])}
                    </label>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function first(resources: readonly StaleResource[]): ReadonlyMap<string, Choice[]> {
  return new Map(resources.map((each) => [nameOf(each), choicesOf(each)]));
}

function nameOf(resource: StaleResource): string {
  return `${resource.kind}/${resource.name}`;
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "not set";
  return typeof value === "string" ? value : JSON.stringify(value);
}
