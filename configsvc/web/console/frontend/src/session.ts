/** Who has signed in, and what they may do in the namespace that is shown. */

import { computed, signal } from "@preact/signals";
import { get, post, Refusal, remove, useSession } from "./api/client";
import { unwatch } from "./api/live";
import type { Role, Session } from "./api/types";
import { place } from "./router";

/** Undefined: not known yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);

const RANK: Record<Role, number> = { viewer: 1, editor: 2, admin: 3 };

export const role = computed<Role | null>(() => {
  const grants = session.value?.grants ?? {};
  const found = [grants[place.value.namespace], grants["*"]].filter((each) => each !== undefined);
  return found.sort((one, other) => RANK[other] - RANK[one])[0] ?? null;
});

export const mayPublish = computed(() => role.value === "editor" || role.value === "admin");
export const mayWaive = computed(() => role.value === "admin");

/** Find out whether there is a session already. */
export async function resume(): Promise<void> {
  try {
    begin(await get<Session>("/v1/session"));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    session.value = null;
  }
}

export async function signIn(token: string): Promise<void> {
  begin(await post<Session>("/v1/session", { token }));
}

export async function signOut(): Promise<void> {
  await remove("/v1/session").catch(() => {});
  end();
}

function begin(found: Session): void {
  useSession(found.csrf ?? "", end);
  session.value = found;
}

function end(): void {
  unwatch();
  session.value = null;
}
