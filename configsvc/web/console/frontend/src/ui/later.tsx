/** Pages that are loaded when they are first shown. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

const loaded = new Map<string, ComponentType>();

export function Later({ name, load }: { name: string; load: () => Promise<ComponentType> }) {
  const [Found, setFound] = useState<ComponentType | undefined>(() => loaded.get(name));
  useEffect(() => {
    if (Found) return;
    void load().then((component) => {
      loaded.set(name, component);
      setFound(() => component);
    });
  }, [name]);
  return Found ? <Found /> : <p class="page muted">Loading…</p>;
}
