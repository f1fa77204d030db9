/** What surrounds every page: where one is, whether it is live, and the way to the others. */

import type { ComponentChildren } from "preact";
import { connected, head, openFindings } from "../api/live";
import type { NamespaceHead } from "../api/types";
import { go, href, place } from "../router";
import { role, session, signOut } from "../session";
import { useAnswer } from "./asking";
import { Icon } from "./icons";
import { nextTheme, theme } from "./theme";

const PAGES = [
  ["map", "Map"],
  ["resources", "Policies"],
  ["history", "History"],
  ["fleet", "Fleet"],
  ["findings", "Findings"],
] as const;

/** Pages that belong to an entry of the navigation without being it. */
const WITHIN: Record<string, string> = { edges: "map", edit: "resources" };

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="bar">
        <a class="brand" href="/console/" aria-label="configsvc: all namespaces">
          <svg viewBox="0 0 24 16" aria-hidden="true">
            <path d="M1 8h5l3-6 5 12 3-6h6" />
          </svg>
          configsvc
        </a>
        <NamespaceChoice />
        <Standing />
        <span class="grow" />
        <button type="button" class="quiet theme" onClick={nextTheme}>
          <span class="wide">Theme: </span>
          {theme.value}
        </button>
        <Account />
      </header>
      <Navigation />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Navigation() {
  const { namespace, page } = place.value;
  const current = WITHIN[page] ?? page;
  return (
    <nav class="nav" aria-label="Pages">
      {PAGES.map(([name, text]) => (
        <a
          key={name}
          href={href(namespace, name)}
          aria-current={name === current ? "page" : undefined}
        >
          <Icon name={name} />
          <span>{text}</span>
          {name === "findings" && <FindingCount />}
        </a>
      ))}
    </nav>
  );
}

function FindingCount() {
  const { error = 0, warning = 0 } = openFindings.value;
  if (!error && !warning) return null;
  return (
    <span class={`count ${error ? "count-error" : "count-warning"}`}>
      {error || warning}
      <span class="sr-only">{error ? " open errors" : " open warnings"}</span>
    </span>
  );
}

function NamespaceChoice() {
  const { namespace, page } = place.value;
  const { data } = useAnswer<{ items: NamespaceHead[] }>("/v1/namespaces", namespace);
  const names = new Set([namespace, ...(data?.items ?? []).map((each) => each.name)]);
  const top = WITHIN[page] ?? page;
  return (
    <label class="namespace">
      <span class="sr-only">Namespace</span>
      <select value={namespace} onChange={(e) => go(href(e.currentTarget.value, top))}>
        {[...names].sort().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Standing() {
  const live = connected.value;
  const revision = head.value?.revision;
  return (
    <span class="standing">
      <span class={`live ${live ? "is-live" : "not-live"}`} role="status">
        {live ? "Live" : "Not live"}
      </span>
      {revision !== undefined && (
        <a class="mono" href={href(place.value.namespace, "history", revision)}>
          <span class="sr-only">Revision </span>r{revision}
        </a>
      )}
    </span>
  );
}

function Account() {
  return (
    <span class="account">
      <span class="wide muted">
        {session.value?.name} · {role.value ?? "no role here"}
      </span>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}
