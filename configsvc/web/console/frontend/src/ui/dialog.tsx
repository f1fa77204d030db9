/** A dialog over the page; Escape and a click beside it close it. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: Props) {
  const self = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    self.current?.showModal();
    // What is to be filled in comes first, not the button that closes.
    self.current?.querySelector<HTMLElement>("form input, form textarea")?.focus();
  }, []);
  return (
    <dialog
      ref={self}
      class={wide ? "wide-dialog" : ""}
      aria-labelledby="dialog-title"
      onClose={onClose}
    >
      <div class="row dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <span class="grow" />
        <button
          type="button"
          class="quiet"
          aria-label="Close"
          onClick={() => self.current?.close()}
        >
          ✕
        </button>
      </div>
      {children}
    </dialog>
  );
}
