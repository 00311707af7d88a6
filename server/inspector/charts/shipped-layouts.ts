/**
 * Layouts of our own charts, made by `npm run charts` and shipped with the code: laying them out takes seconds, and on a
 * busy machine too long. A file of `shipped/` is named after a machine and holds one layout for each of its charts.
 */
import { readFileSync } from 'node:fs';
import type { ChartLayout } from '../../../protocol/inspection.js';
import type { ChartGraph } from './chart-graph.js';

/** Folder of the shipped layouts. */
export const SHIPPED_FOLDER = new URL('./shipped/', import.meta.url);

// The name becomes part of a path.
const NAME = /^[a-z]+(-[a-z]+)*$/;

/** Returns the shipped layout of a chart; null when the chart is none of ours, or has changed since. */
export function shippedLayout({ chart, hash }: ChartGraph): ChartLayout | null {
  if (!NAME.test(chart)) return null;
  return layoutsIn(`${chart}.json`).find((layout) => layout.hash === hash) ?? null;
}

function layoutsIn(file: string): readonly ChartLayout[] {
  try {
    const layouts: unknown = JSON.parse(readFileSync(new URL(file, SHIPPED_FOLDER), 'utf8'));
    return isLayouts(layouts) ? layouts : [];
  } catch {
    // A file that is missing or unreadable costs only time: the chart is laid out like any other.
    return [];
  }
}

/** Checks only what tells a list of layouts from another file, since the files are our own. */
function isLayouts(value: unknown): value is readonly ChartLayout[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) => typeof one === 'object' && one !== null && 'hash' in one && 'nodes' in one
    )
  );
}
