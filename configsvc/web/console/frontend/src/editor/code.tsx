/** The YAML editor of one document. */

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { completion, help, type NamesOf } from "./assist";
import { look } from "./look";

interface Props {
  kind: string;
  text: string;
  diagnostics: readonly Diagnostic[];
  readOnly: boolean;
  names: NamesOf;
  label: string;
  onChange: (text: string) => void;
}

export function CodeEditor(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!place.current) return;
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: props.text, extensions: extensions(latest) }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [props.kind, props.readOnly]);
  // Before anything else is typed: an effect that came later would put the text of a moment ago back,
  // which is then reported as a change, and so on without end.
  useLayoutEffect(() => {
    const editor = view.current;
    const shown = editor?.state.doc.toString();
    if (editor && shown !== props.text)
      editor.dispatch({ changes: difference(shown ?? "", props.text) });
  }, [props.text]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const end = editor.state.doc.length;
    const within = props.diagnostics.filter((each) => each.from <= end);
    const clipped = within.map((each) => ({ ...each, to: Math.min(each.to, end) }));
    editor.dispatch(setDiagnostics(editor.state, clipped));
  }, [props.diagnostics]);
  return <div class="code" ref={place} />;
}

function extensions(latest: { current: Props }) {
  const { kind, readOnly, label } = latest.current;
  return [
    look,
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    yaml(),
    autocompletion({ override: [completion(kind, (...args) => latest.current.names(...args))] }),
    help(kind),
    new Compartment().of(EditorState.readOnly.of(readOnly)),
    EditorView.contentAttributes.of({ "aria-label": label }),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
  ];
}

/** The one change that leads from a text to another: the cursor elsewhere stays where it is. */
function difference(before: string, after: string) {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  let cut = 0;
  const most = Math.min(before.length, after.length) - from;
  while (cut < most && before.at(-1 - cut) === after.at(-1 - cut)) cut += 1;
  return { from, to: before.length - cut, insert: after.slice(from, after.length - cut) };
}
