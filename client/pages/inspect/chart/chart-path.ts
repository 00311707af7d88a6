/** SVG paths of arrows: lines with rounded corners, and a head. */
import type { ChartPoint } from '../../../../protocol/chart-layout.js';
import { shortNumber } from './drawn-element.js';

/** Largest radius of a corner; less where a side is too short for it. */
const CORNER_PX = 7;

/** Length of an arrow's head, and half of its width. */
const HEAD_PX = 8;
const HALF_HEAD_PX = 4;

function at([x, y]: ChartPoint): string {
  return `${shortNumber(x)} ${shortNumber(y)}`;
}

function distance([x1, y1]: ChartPoint, [x2, y2]: ChartPoint): number {
  return Math.hypot(x2 - x1, y2 - y1);
}

/** Returns the point that lies `px` pixels from `from` towards `to`. */
function towards(from: ChartPoint, to: ChartPoint, px: number): ChartPoint {
  const length = distance(from, to);
  if (length === 0) return from;
  const part = px / length;
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}

/** Returns the path of an arrow's line through these points. It ends inside the head, so that no gap shows. */
export function arrowLine(points: readonly ChartPoint[]): string {
  const [start, ...rest] = points;
  const end = rest.at(-1);
  if (start === undefined || end === undefined) return '';
  const before = rest.at(-2) ?? start;
  const line = [
    start,
    ...rest.slice(0, -1),
    towards(end, before, Math.min(HEAD_PX - 1, distance(end, before)))
  ];
  return line
    .map((point, index) => {
      const previous = line[index - 1];
      const next = line[index + 1];
      if (previous === undefined) return `M${at(point)}`;
      if (next === undefined) return `L${at(point)}`;
      const room = Math.min(distance(previous, point), distance(point, next)) / 2;
      const radius = Math.min(CORNER_PX, room);
      return `L${at(towards(point, previous, radius))}Q${at(point)} ${at(towards(point, next, radius))}`;
    })
    .join('');
}

/** Returns the path of an arrow's head at the last of these points; empty when there are fewer than two. */
export function arrowHead(points: readonly ChartPoint[]): string {
  const tip = points.at(-1);
  const before = points.at(-2);
  if (tip === undefined || before === undefined) return '';
  const [x, y] = towards(tip, before, HEAD_PX);
  const length = Math.max(1, distance(before, tip));
  const acrossX = (-(tip[1] - before[1]) / length) * HALF_HEAD_PX;
  const acrossY = ((tip[0] - before[0]) / length) * HALF_HEAD_PX;
  return `M${at(tip)}L${at([x + acrossX, y + acrossY])}L${at([x - acrossX, y - acrossY])}Z`;
}
