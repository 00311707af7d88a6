/** Sizes of the texts of a chart. There is no page here to measure in, so it counts characters. */
import { CHART_SIZES } from '../../../protocol/chart-layout.js';
import type { ChartGraph, GraphEdge, GraphNode } from './chart-graph.js';

const { titleCharacterPx, titleLinePx, lineCharacterPx, lineHeightPx } = CHART_SIZES;
const { padPx, insetPx, gapPx, labelPadPx } = CHART_SIZES;

/** Height of a state's name with the space around it: the title bar of a state with states inside. */
export const BAR_PX = insetPx + titleLinePx;

/** A width and a height, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Sizes of the text in a state. */
export interface StateText {
  /** Size of its name, with the space around it. */
  readonly title: Size;
  /** Size of its lines and of the transitions inside it, without the space around them; 0 when there are none. */
  readonly body: Size;
  /** Top and height of each of those transitions, from the top of the body. */
  readonly rows: ReadonlyMap<string, { readonly top: number; readonly height: number }>;
}

function widthOf(lines: readonly string[]): number {
  return Math.ceil(Math.max(0, ...lines.map(({ length }) => length)) * lineCharacterPx);
}

/** Returns the size of the text beside an arrow, with the space around it. */
export function labelSize(lines: readonly string[]): Size {
  return {
    width: widthOf(lines) + 2 * labelPadPx,
    height: lines.length * lineHeightPx + 2 * labelPadPx
  };
}

/** Returns the sizes of the text in a state. */
export function stateText({ id, key, lines }: GraphNode, { edges }: ChartGraph): StateText {
  const inside = edges.filter(({ source, isInside }: GraphEdge) => isInside && source === id);
  const rows = new Map<string, { top: number; height: number }>();
  let top = lines.length * lineHeightPx;
  if (lines.length > 0 && inside.length > 0) top += gapPx;
  for (const row of inside) {
    // A transition without text has a row too, so that it can be marked when it is taken.
    const height = Math.max(1, row.lines.length) * lineHeightPx;
    rows.set(row.id, { top, height });
    top += height;
  }
  return {
    title: { width: Math.ceil(key.length * titleCharacterPx) + 2 * padPx, height: BAR_PX },
    body: { width: widthOf([...lines, ...inside.flatMap((row) => row.lines)]), height: top },
    rows
  };
}
