/** Light or dark: as the system has it, or as chosen here. Only this browser remembers. */

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "configsvc.theme";

export const theme = signal<Theme>(stored());

export function applyTheme(): void {
  const root = document.documentElement;
  if (theme.value === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = theme.value;
}

export function nextTheme(): void {
  const order: Theme[] = ["system", "light", "dark"];
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? "system";
  localStorage.setItem(KEY, theme.value);
  applyTheme();
}

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}
