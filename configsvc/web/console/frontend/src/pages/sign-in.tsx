import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { signIn } from "../session";

export function SignIn() {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(token.trim());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.problem.detail);
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)} class="card">
        <h1>
          <svg viewBox="0 0 24 16" aria-hidden="true">
            <path d="M1 8h5l3-6 5 12 3-6h6" />
          </svg>
          configsvc
        </h1>
        <p class="muted">
          Policies that are proved to fit together before they ship, and who runs them.
        </p>
        <label class="field">
          Operator token
          <input
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            placeholder="cfg_…"
            required
            aria-describedby="sign-in-help"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="note note-error" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          Sign in
        </button>
        <p id="sign-in-help" class="muted small">
          The first admin's token is in the file <code>admin-token</code> of the server's data
          directory; <code>configsvc token</code> mints others. It is exchanged for a session of
          twelve hours and not kept in the browser.
        </p>
      </form>
    </main>
  );
}
