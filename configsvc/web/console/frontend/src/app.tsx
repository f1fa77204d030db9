import { useEffect } from "preact/hooks";
import { type Topic, watch } from "./api/live";
import { FindingsPage } from "./pages/findings";
import { Fleet } from "./pages/fleet";
import { History } from "./pages/history";
import { Namespaces } from "./pages/namespaces";
import { Resources } from "./pages/resources";
import { SignIn } from "./pages/sign-in";
import { go, href, place } from "./router";
import { session } from "./session";
import { Later } from "./ui/later";
import { Shell } from "./ui/shell";

const TOPICS: Record<string, Topic[]> = {
  map: ["change", "finding", "edge"],
  edges: ["change", "finding", "edge"],
  fleet: ["change", "rollout", "finding", "fleet"],
  history: ["change", "rollout", "finding", "fleet"],
};

export function App() {
  const { namespace, page } = place.value;
  const known = session.value;
  useEffect(() => {
    if (known && namespace) watch(namespace, TOPICS[page] ?? ["change", "finding"]);
  }, [known, namespace, page]);
  if (known === undefined) return <p class="sr-only">Loading…</p>;
  if (known === null) return <SignIn />;
  if (!namespace) return <Namespaces />;
  if (!page) {
    go(href(namespace, "map"), { replace: true });
    return null;
  }
  return (
    <Shell>
      <Page key={`${namespace} ${page}`} />
    </Shell>
  );
}

function Page() {
  const { page, rest } = place.value;
  switch (page) {
    case "map":
      return <Later name="map" load={async () => (await import("./pages/map")).default} />;
    case "edges":
      return <Later name="edge" load={async () => (await import("./pages/edge")).default} />;
    case "resources":
      return <Resources />;
    case "edit":
      return <Later name="edit" load={async () => (await import("./pages/edit")).default} />;
    case "history":
      if (!rest.length) return <History />;
      return (
        <Later
          key={rest[0] ?? ""}
          name="change"
          load={async () => (await import("./pages/change")).default}
        />
      );
    case "findings":
      return <FindingsPage />;
    case "fleet":
      return <Fleet />;
    default:
      return <Unknown page={[page, ...rest].join("/")} />;
  }
}

function Unknown({ page }: { page: string }) {
  return (
    <section class="page">
      <h1>There is no such page</h1>
      <p>
        The console has nothing at <code>{page}</code>.{" "}
        <a href={href(place.value.namespace, "map")}>Go to the map</a>.
      </p>
    </section>
  );
}
