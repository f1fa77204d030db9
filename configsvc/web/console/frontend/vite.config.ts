import { defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // Nothing is inlined as a data URL: the policy lets scripts and styles come from files alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
});
