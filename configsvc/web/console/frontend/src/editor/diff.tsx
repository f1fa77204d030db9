/** Two texts side by side; on a narrow screen, one below the other's lines. */

import { yaml } from "@codemirror/lang-yaml";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { look } from "./look";

const NARROW = "(max-width: 900px)";

interface Props {
  before: string;
  after: string;
  labels: readonly [string, string];
}

export function Diff({ before, after, labels }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const view = matchMedia(NARROW).matches
      ? unified(parent, before, after, labels)
      : sideBySide(parent, before, after, labels);
    return () => view.destroy();
  }, [before, after]);
  return (
    <div class="diff">
      <div class="diff-labels muted small" aria-hidden="true">
        <span>{labels[0]}</span>
        <span>{labels[1]}</span>
      </div>
      <div ref={place} />
    </div>
  );
}

function shown(label: string) {
  return [
    look,
    lineNumbers(),
    yaml(),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
}

const collapse = { margin: 3, minSize: 6 };

function sideBySide(parent: HTMLElement, before: string, after: string, labels: Props["labels"]) {
  return new MergeView({
    parent,
    a: { doc: before, extensions: shown(labels[0]) },
    b: { doc: after, extensions: shown(labels[1]) },
    collapseUnchanged: collapse,
    gutter: true,
  });
}

function unified(parent: HTMLElement, before: string, after: string, labels: Props["labels"]) {
  const merge = unifiedMergeView({
    original: before,
    mergeControls: false,
    collapseUnchanged: collapse,
  });
  const state = EditorState.create({ doc: after, extensions: [...shown(labels[1]), merge] });
  return new EditorView({ parent, state });
}
