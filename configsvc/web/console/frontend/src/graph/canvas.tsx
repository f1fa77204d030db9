/** The drawing of the map: moved by dragging, scaled by the wheel or the buttons. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { curve, HEIGHT, layout, type Point } from "./layout";
import { type Link, type Picture, pairKey } from "./model";

interface Props {
  picture: Picture;
  selected: string | null;
  matches: ReadonlySet<string> | null;
  hrefOf: (link: Link) => string;
  onSelect: (id: string) => void;
}

interface View {
  x: number;
  y: number;
  scale: number;
}

const LEAST = 0.08;
const MOST = 2.5;

/** Whether layers follow each other downwards: on a phone. */
function isNarrow(): boolean {
  return matchMedia("(max-width: 760px)").matches;
}

export function Canvas(props: Props) {
  const shape =
    props.picture.nodes.map((n) => n.id).join() + props.picture.links.map(pairKey).join();
  const placed = useMemo(() => layout(props.picture, isNarrow()), [shape]);
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const fit = () => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const scale = Math.min(box.width / placed.width, box.height / placed.height, 1.15);
    const x = (box.width - placed.width * scale) / 2;
    setView({ x, y: (box.height - placed.height * scale) / 2, scale });
  };
  useEffect(fit, [placed]);
  const zoom = (factor: number, at?: Point) => {
    const box = frame.current?.getBoundingClientRect();
    const centre = at ?? { x: (box?.width ?? 0) / 2, y: (box?.height ?? 0) / 2 };
    setView((old) => {
      const scale = Math.min(MOST, Math.max(LEAST, old.scale * factor));
      const by = scale / old.scale;
      return {
        scale,
        x: centre.x - (centre.x - old.x) * by,
        y: centre.y - (centre.y - old.y) * by,
      };
    });
  };
  return (
    <div class="canvas" ref={frame}>
      <svg
        role="group"
        aria-label="Call graph"
        onWheel={(event) => {
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          const at = { x: event.clientX - box.left, y: event.clientY - box.top };
          zoom(event.deltaY < 0 ? 1.12 : 1 / 1.12, at);
        }}
        onPointerDown={(event) => drag(event, view, setView)}
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            orient="auto"
            markerUnits="userSpaceOnUse"
          >
            <path d="M0 0L8 4L0 8z" fill="context-stroke" />
          </marker>
        </defs>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {props.picture.links.map((link) => (
            <Line
              key={pairKey(link)}
              link={link}
              points={placed.lines.get(pairKey(link)) ?? []}
              upright={placed.upright}
              {...props}
            />
          ))}
          {props.picture.nodes.map((node) => {
            const at = placed.nodes.get(node.id);
            if (!at) return null;
            const dim = props.matches && !props.matches.has(node.id) ? "dim" : "";
            return (
              <g
                key={node.id}
                class={`node node-${node.kind.toLowerCase()} ${dim}`}
                transform={`translate(${at.x - at.width / 2} ${at.y - HEIGHT / 2})`}
                role="button"
                tabindex={0}
                aria-pressed={props.selected === node.id}
                aria-label={`${node.kind} ${node.id}`}
                onClick={() => props.onSelect(node.id)}
                onKeyDown={(event) => {
                  if (event.key === "Enter" || event.key === " ") props.onSelect(node.id);
                }}
              >
                <rect width={at.width} height={HEIGHT} rx="7" />
                <circle cx="14" cy={HEIGHT / 2} r="4" />
                <text x="25" y={HEIGHT / 2 + 4.5}>
                  {node.id}
                </text>
                {node.size > 1 && (
                  <text class="size" x={at.width - 6} y={-3} text-anchor="end">
                    {node.size}
                  </text>
                )}
              </g>
            );
          })}
        </g>
      </svg>
      <div class="canvas-tools">
        <button type="button" aria-label="Closer" onClick={() => zoom(1.3)}>
          +
        </button>
        <button type="button" aria-label="Farther" onClick={() => zoom(1 / 1.3)}>
          −
        </button>
        <button type="button" onClick={fit}>
          Fit
        </button>
      </div>
    </div>
  );
}

function Line(props: Props & { link: Link; points: Point[]; upright: boolean }) {
  const { link, points, matches, hrefOf } = props;
  const state = link.open ? "open" : link.halfOpen ? "half-open" : (link.worst ?? "calm");
  const dim = matches && !(matches.has(link.from) && matches.has(link.to)) ? "dim" : "";
  const path = curve(points, props.upright);
  const middle = points[Math.floor(points.length / 2)];
  const label = labelOf(link);
  return (
    <a href={hrefOf(link)} aria-label={spoken(link)} class={`link link-${state} ${dim}`}>
      <path class="hit" d={path} />
      <path
        class="line"
        d={path}
        stroke-width={1.4 + Math.min(4, Math.log10(1 + link.rate) * 1.6)}
        marker-end="url(#arrow)"
      />
      {label && middle && (
        <text x={middle.x} y={middle.y - 6} text-anchor="middle">
          {label}
        </text>
      )}
    </a>
  );
}

function labelOf(link: Link): string {
  const parts: string[] = [];
  if (link.open) parts.push(link.open > 1 ? `${link.open} open` : "open");
  else if (link.halfOpen) parts.push("half-open");
  if (link.worst && link.worst !== "info") parts.push(link.worst);
  if (link.rate) parts.push(`${link.rate.toFixed(link.rate < 10 ? 1 : 0)}/s`);
  return parts.join(" · ");
}

function spoken(link: Link): string {
  return `${link.from} calls ${link.to}: ${labelOf(link) || "no findings, no calls reported"}`;
}

function drag(event: PointerEvent, from: View, set: (view: View) => void): void {
  if ((event.target as Element).closest("a, [role=button]")) return;
  const surface = event.currentTarget as SVGElement;
  surface.setPointerCapture(event.pointerId);
  const move = (to: PointerEvent) =>
    set({
      ...from,
      x: from.x + to.clientX - event.clientX,
      y: from.y + to.clientY - event.clientY,
    });
  const end = () => {
    surface.removeEventListener("pointermove", move);
    surface.removeEventListener("pointerup", end);
  };
  surface.addEventListener("pointermove", move);
  surface.addEventListener("pointerup", end);
}
