/** The axis behind a picture, and its round times. */

import { span } from "../ui/spans";
import { nice, type Scale, TOP } from "./scale";

/** Pixels that the text at a tick takes. */
const TICK = 75;

export function Axis({ scale, foot }: { scale: Scale; foot: number }) {
  const { end, x, width } = scale;
  const step = nice((end * TICK) / width);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
  return (
    <g class="axis">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={TOP - 6} y2={foot} />
          {x(tick) < width - TICK / 3 && (
            <text x={x(tick)} y={12} text-anchor={tick === 0 ? "start" : "middle"}>
              {tick === 0 ? "0" : span(tick)}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}
