/**
 * Layouts of Rollcall's own charts, made by `npm run charts` and shipped with the code, because computing them takes
 * seconds. A file of `shipped/` is named after a machine and has one layout for each of its charts.
 */
import { readFileSync } from 'node:fs';
import type { ChartLayout } from '../../../protocol/chart-layout.js';
import type { ChartGraph } from './chart-graph.js';

/** Folder of the shipped layouts. */
export const SHIPPED_FOLDER = new URL('./shipped/', import.meta.url);

// The name becomes part of a path, so nothing else is allowed.
const NAME = /^[a-z]+(-[a-z]+)*$/;

/** Returns the shipped layout of a chart; null when there is none for exactly this chart. */
export function shippedLayout({ chart, hash }: ChartGraph): ChartLayout | null {
  if (!NAME.test(chart)) return null;
  return layoutsIn(`${chart}.json`).find((layout) => layout.hash === hash) ?? null;
}

function layoutsIn(file: string): readonly ChartLayout[] {
  try {
    const layouts: unknown = JSON.parse(readFileSync(new URL(file, SHIPPED_FOLDER), 'utf8'));
    return isLayouts(layouts) ? layouts : [];
  } catch {
    // Without the file the layout is computed like any other, which only takes longer.
    return [];
  }
}

/** Checks only that a file has a list of layouts, because the files come from our own build. */
function isLayouts(value: unknown): value is readonly ChartLayout[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) => typeof one === 'object' && one !== null && 'hash' in one && 'nodes' in one
    )
  );
}
