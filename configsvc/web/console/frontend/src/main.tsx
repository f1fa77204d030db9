import { render } from "preact";
import { App } from "./app";
import { followLinks } from "./router";
import { resume } from "./session";
import { applyTheme } from "./ui/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/edge.css";

applyTheme();
followLinks();
void resume();
const root = document.getElementById("app");
if (root) render(<App />, root);
