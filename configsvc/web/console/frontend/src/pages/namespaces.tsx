import { useEffect } from "preact/hooks";
import type { NamespaceHead } from "../api/types";
import { go, href } from "../router";
import { signOut } from "../session";
import { useAnswer } from "../ui/asking";
import { Empty, ProblemNote } from "../ui/parts";

export function Namespaces() {
  const { data, problem } = useAnswer<{ items: NamespaceHead[] }>("/v1/namespaces");
  const only = data?.items.length === 1 ? data.items[0] : undefined;
  useEffect(() => {
    if (only) go(href(only.name, "map"), { replace: true });
  }, [only]);
  return (
    <main class="page narrow">
      <h1>Namespaces</h1>
      <ProblemNote problem={problem} />
      {data?.items.length === 0 && (
        <Empty title="There is no namespace yet that you may see">
          <p>
            The first change makes one: <code>configsvc apply POLICIES/ -m "First"</code>
          </p>
        </Empty>
      )}
      <ul class="plain cards">
        {data?.items.map((each) => (
          <li key={each.name}>
            <a class="card row" href={href(each.name, "map")}>
              <strong>{each.name}</strong> <span class="mono muted">r{each.revision}</span>
            </a>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </main>
  );
}
