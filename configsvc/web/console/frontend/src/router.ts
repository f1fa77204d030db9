/** Which page is shown: the path below `/console/`, kept in a signal. */

import { signal } from "@preact/signals";

const BASE = "/console/";

export interface Place {
  namespace: string;
  page: string;
  rest: string[];
  query: URLSearchParams;
}

export const place = signal<Place>(read());

/** Asked before a page is left; false stays. */
let guard: () => boolean = () => true;

export function setGuard(mayLeave: () => boolean): void {
  guard = mayLeave;
}

/** The address of a page. */
export function href(namespace: string, page: string, ...rest: (string | number)[]): string {
  return BASE + [namespace, page, ...rest].map((part) => encodeURIComponent(part)).join("/");
}

/** Show another page. */
export function go(address: string, options: { replace?: boolean } = {}): void {
  if (!guard()) return;
  guard = () => true;
  history[options.replace ? "replaceState" : "pushState"](null, "", address);
  place.value = read();
  if (!location.hash) window.scrollTo(0, 0);
}

/** Follow links of the page itself without loading it again. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a");
    const own = link?.origin === location.origin && link.pathname.startsWith(BASE);
    if (!link || !own || link.target) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  window.addEventListener("popstate", () => {
    place.value = read();
  });
}

function read(): Place {
  const parts = location.pathname.slice(BASE.length).split("/").filter(Boolean);
  const [namespace = "", page = "", ...rest] = parts.map(decodeURIComponent);
  return { namespace, page, rest, query: new URLSearchParams(location.search) };
}
