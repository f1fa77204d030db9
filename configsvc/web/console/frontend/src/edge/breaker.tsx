/** What a breaker looks back on and how long it stays open, to a scale of its own. */

import { span } from "../ui/spans";
import { Axis } from "./axis";
import type { Breaker } from "./budget";
import { Grip, type Handle } from "./grip";
import { FOOT, ROW, roomFor, TOP, useScale } from "./scale";

interface Props {
  breaker: Breaker;
  /** How long one call takes here at the longest, in microseconds. */
  call: number;
  /** Calls a second of one process: how long a window of so many calls is. */
  rate: number;
  onMove: Handle["onMove"];
}

export function BreakerPicture({ breaker, call, rate, onMove }: Props) {
  const { window, openFor } = breaker;
  const back = "time" in window ? window.time : (window.calls / rate) * 1e6;
  const scale = useScale(roomFor([back + openFor, call]));
  const foot = TOP + 2 * ROW + 4;
  const height = foot + FOOT;
  const x = scale.x;
  const handle: Handle = { label: "open for", value: openFor, from: back, onMove };
  const y = TOP + ROW;
  return (
    <figure class="stack">
      <figcaption class="muted small">
        The breaker, on a scale of its own: opens once {breaker.failureRate} of{" "}
        {"time" in window ? `the last ${span(window.time)}` : `the last ${window.calls} calls`} fail
        {breaker.minimumCalls > 1 && `, of ${breaker.minimumCalls} calls at least`}; turns calls
        away for {span(openFor)}; then {breaker.probes}{" "}
        {breaker.probes === 1 ? "probe decides" : "probes decide"}.
      </figcaption>
      <div class="timeline-wrap" tabIndex={0} role="region" aria-label="The breaker, to scale">
        <svg
          ref={scale.surface}
          class="timeline"
          viewBox={`0 0 ${scale.width} ${height}`}
          style={{ height: `${height}px` }}
          role="group"
          aria-label="Breaker"
        >
          <Axis scale={scale} foot={foot} />
          <g class="attempt">
            <rect x={0} y={TOP + 7} width={Math.max(2, x(call))} height={ROW - 14} rx="3" />
            <text x={x(call) + 6} y={TOP + 19}>
              one call, {span(call)}
            </text>
          </g>
          <g class="window">
            <rect x={0} y={y + 3} width={Math.max(2, x(back))} height={ROW - 6} rx="3" />
            <text x={6} y={y + 19}>
              window{"calls" in window && ` at ${Math.round(rate)} calls/s`}
            </text>
          </g>
          <g class="open">
            <rect
              x={x(back)}
              y={y + 3}
              width={x(back + openFor) - x(back)}
              height={ROW - 6}
              rx="3"
            />
            <text x={x(back) + 6} y={y + 19}>
              open
            </text>
          </g>
          <Grip handle={handle} scale={scale} foot={foot} />
        </svg>
      </div>
    </figure>
  );
}
