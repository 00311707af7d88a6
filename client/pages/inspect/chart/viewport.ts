/** Which part of a chart is in sight, and how large: pure, in CSS pixels. */

/** A size. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of a chart. */
export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/** What is in sight: the chart's point at the top left of the stage, and how much larger than it is drawn. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Smallest and largest scale. */
export const SCALE_MIN = 0.05;
/** Largest scale: its letters are then as tall as a thumb. */
export const SCALE_MAX = 4;

/** A chart is not blown up past this to fill a stage. */
const FIT_MAX = 1.25;

/** Below this scale nobody can read a chart: a part of it is shown instead. */
export const FIT_ENOUGH = 0.55;

/** Scale of that part. */
export const READABLE_SCALE = 0.8;

/** Room around a chart that fits. */
const MARGIN_PX = 16;

/** All of a chart, in the middle of the stage. */
export function fitted(chart: Size, stage: Size): Viewport {
  const scale = clamp(
    Math.min(
      (stage.width - 2 * MARGIN_PX) / Math.max(1, chart.width),
      (stage.height - 2 * MARGIN_PX) / Math.max(1, chart.height),
      FIT_MAX
    )
  );
  return centred({ x: 0, y: 0, width: chart.width, height: chart.height }, chart, stage, scale);
}

/** A part of a chart in the middle of the stage; where the chart ends before the stage does, as near as it can be. */
export function centred(box: Box, chart: Size, stage: Size, scale: number): Viewport {
  const kept = clamp(scale);
  const along = (at: number, boxPx: number, chartPx: number, stagePx: number): number => {
    const seenPx = stagePx / kept;
    const margin = MARGIN_PX / kept;
    if (chartPx + 2 * margin <= seenPx) return chartPx / 2 - seenPx / 2;
    return Math.min(Math.max(at + boxPx / 2 - seenPx / 2, -margin), chartPx - seenPx + margin);
  };
  return {
    x: along(box.x, box.width, chart.width, stage.width),
    y: along(box.y, box.height, chart.height, stage.height),
    scale: kept
  };
}

/** Larger or smaller by a factor, around a point of the stage. */
export function zoomed(viewport: Viewport, factor: number, at: { x: number; y: number }): Viewport {
  const scale = clamp(viewport.scale * factor);
  return {
    x: viewport.x + at.x / viewport.scale - at.x / scale,
    y: viewport.y + at.y / viewport.scale - at.y / scale,
    scale
  };
}

/** Moved by so many pixels of the stage; some of the chart stays in sight. */
export function moved(
  viewport: Viewport,
  dx: number,
  dy: number,
  chart: Size,
  stage: Size
): Viewport {
  const { scale } = viewport;
  const within = (at: number, chartPx: number, stagePx: number) =>
    Math.min(Math.max(at, -stagePx / scale / 2), chartPx - stagePx / scale / 2);
  return {
    x: within(viewport.x - dx / scale, chart.width, stage.width),
    y: within(viewport.y - dy / scale, chart.height, stage.height),
    scale
  };
}

function clamp(scale: number): number {
  return Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
}
