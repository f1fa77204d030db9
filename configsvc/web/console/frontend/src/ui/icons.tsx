/** The signs of the navigation: 16 by 16, drawn with the colour of the text. */

const PATHS: Record<string, string> = {
  map: "M3 4a1.5 1.5 0 1 0 0-.01M13 4a1.5 1.5 0 1 0 0-.01M8 12.5a1.5 1.5 0 1 0 0-.01M4.5 4h7M3.8 5.3l3.5 5.9M12.2 5.3l-3.5 5.9",
  resources: "M4 2h5l3 3v9H4zM9 2v3h3M6 8h4M6 11h4",
  history: "M2.5 8a5.5 5.5 0 1 0 1.7-4M2.5 2v2.5H5M8 5v3l2 1.5",
  fleet: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  findings: "M8 2l6 11H2zM8 6v3.5M8 11.2h.01",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
