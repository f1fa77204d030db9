/** Requests to the API of the page's own origin, in the session of the page. */

import type { Problem } from "./types";

/** The API's refusal of a request; `problem` is its problem document. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

let csrf = "";
let signedOut: () => void = () => {};

/** Use what a session's writes must carry, and hear when the session has ended. */
export function useSession(token: string, ended: () => void): void {
  csrf = token;
  signedOut = ended;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return send<T>("GET", path, undefined, signal);
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return send<T>("POST", path, body, signal);
}

export async function remove<T>(path: string): Promise<T> {
  return send<T>("DELETE", path);
}

/** The path below a namespace, with its parts escaped. */
export function inNamespace(namespace: string, ...parts: (string | number)[]): string {
  return ["/v1/namespaces", namespace, ...parts].map(escaped).join("/");
}

function escaped(part: string | number, index: number): string {
  return index === 0 ? String(part) : encodeURIComponent(part);
}

async function send<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const init: RequestInit = { method, headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  const response = await reached(() => fetch(path, init));
  if (response.ok) return (await response.json()) as T;
  const problem = await problemOf(response);
  if (problem.status === 401 && path !== "/v1/session") signedOut();
  throw new Refusal(problem);
}

async function reached(ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal({
      code: "unreachable",
      title: "Unreachable",
      status: 0,
      detail: "The server cannot be reached. Nothing was changed; try again when it is back.",
      request: "",
    });
  }
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    const detail = `The server answered ${response.status} without saying why.`;
    return { code: "unknown", title: "Failed", status: response.status, detail, request: "" };
  }
}
