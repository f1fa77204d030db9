/** Every effective field: its value, where it comes from, and what it covers. */

import type { Explanation, Field, Json } from "../api/types";
import { ResourceLink } from "../ui/finding";
import type { EdgeValues } from "./values";

export function Fields({ explanation, at }: { explanation: Explanation; at: EdgeValues }) {
  return (
    <section class="stack">
      <h2>Effective policy</h2>
      <div class="table-wrap" tabIndex={0} role="region" aria-label="Effective policy">
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
              <th scope="col">Covers</th>
            </tr>
          </thead>
          {explanation.policies.map((policy) => (
            <tbody key={policy.kind}>
              <tr class="group">
                <th colSpan={4} scope="rowgroup">
                  {policy.kind} {!policy.inForce && <span class="tag">not in force</span>}
                </th>
              </tr>
              {policy.fields.map((field) => (
                <Row key={field.path} field={field} path={`${policy.kind}.${field.path}`} at={at} />
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </section>
  );
}

function Row({ field, path, at }: { field: Field; path: string; at: EdgeValues }) {
  return (
    <tr class={field.default ? "is-default" : ""}>
      <th scope="row" class="mono">
        {field.path}
      </th>
      <td class="mono">
        <Value field={field} path={path} at={at} />
      </td>
      <td>
        {field.default && <span class="muted">default</span>}
        {field.sources.map((source) => (
          <span key={source.resource}>
            <ResourceLink resource={source.resource} />{" "}
            <span class="muted small">r{source.revision}</span>
          </span>
        ))}
      </td>
      <td>
        {field.covers.map((each) => (
          <div key={each.resource}>
            <s class="mono muted">{shown(each.value)}</s> <ResourceLink resource={each.resource} />
          </div>
        ))}
        {field.contenders.map((each) => (
          <div key={each.resource} class="bad">
            {shown(each.value)} <ResourceLink resource={each.resource} />
          </div>
        ))}
      </td>
    </tr>
  );
}

/** A value that somebody wrote is changed where it stands, as part of the change. */
function Value({ field, path, at }: { field: Field; path: string; at: EdgeValues }) {
  const value = at.values.get(path) ?? field.value;
  const set = at.setter(path);
  const isNumber = typeof value === "number";
  if (!set || !(isNumber || typeof value === "string")) return <>{shown(value)}</>;
  const take = (text: string) => {
    const number = Number(text);
    set(isNumber && text.trim() && Number.isFinite(number) ? number : text);
  };
  return (
    <input
      class="value mono"
      aria-label={path}
      value={String(value)}
      onChange={(event) => take(event.currentTarget.value)}
    />
  );
}

function shown(value: Json): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
