/** How much room the texts of a chart take. Characters are counted: there is no page here to ask. */
import { CHART_SIZES } from '../../../protocol/inspection.js';
import type { ChartGraph, GraphEdge, GraphNode } from './chart-graph.js';

const { titleCharacterPx, titleLinePx, lineCharacterPx, lineHeightPx } = CHART_SIZES;
const { padPx, insetPx, gapPx, labelPadPx } = CHART_SIZES;

/** Height of a state's name with what is around it: the bar of a state with others inside. */
export const BAR_PX = insetPx + titleLinePx;

/** A width and a height, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is written in a state. */
export interface StateText {
  /** Of its name, with what is around it. */
  readonly title: Size;
  /** Of its lines and the transitions that have no target; without what is around them, and nothing if there are none. */
  readonly body: Size;
  /** Where each of those transitions begins, from the top of the body. */
  readonly rows: ReadonlyMap<string, { readonly top: number; readonly height: number }>;
}

function widthOf(lines: readonly string[]): number {
  return Math.ceil(Math.max(0, ...lines.map(({ length }) => length)) * lineCharacterPx);
}

/** Measures what is written beside an arrow, with what is around it. */
export function labelSize(lines: readonly string[]): Size {
  return {
    width: widthOf(lines) + 2 * labelPadPx,
    height: lines.length * lineHeightPx + 2 * labelPadPx
  };
}

/** Measures what is written in a state. */
export function stateText({ id, key, lines }: GraphNode, { edges }: ChartGraph): StateText {
  const inside = edges.filter(({ source, isInside }: GraphEdge) => isInside && source === id);
  const rows = new Map<string, { top: number; height: number }>();
  let top = lines.length * lineHeightPx;
  if (lines.length > 0 && inside.length > 0) top += gapPx;
  for (const row of inside) {
    // One that has nothing to say is there all the same, to be seen when it is taken.
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
