/** Computes which part of a chart is in view. Pure functions; lengths are in CSS pixels. */

/** Width and height, of a chart or of the stage that shows it. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle within a chart. */
export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/** The part in view: the point of the chart at the top left of the stage, and its scale (1 is the drawn size). */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Smallest scale. */
export const SCALE_MIN = 0.05;
/** Largest scale: its letters are then about 50 px high. */
export const SCALE_MAX = 4;

/** Largest scale to which a small chart is enlarged to fill the stage. */
const FIT_MAX = 1.25;

/** Smallest scale at which a whole chart is readable. Below it the page shows a part at {@link READABLE_SCALE}. */
export const FIT_ENOUGH = 0.55;

/** Smallest scale of a part that the page shows by itself. */
export const READABLE_SCALE = 0.8;

/** Margin around a chart. */
const MARGIN_PX = 16;

/** Returns the viewport that shows a whole chart in the middle of the stage. */
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

/** Returns the viewport with `box` in the middle of the stage, or as near to it as the edges of the chart allow. */
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

/** Returns the viewport scaled by a factor; the point `at` of the stage stays where it is. */
export function zoomed(viewport: Viewport, factor: number, at: { x: number; y: number }): Viewport {
  const scale = clamp(viewport.scale * factor);
  return {
    x: viewport.x + at.x / viewport.scale - at.x / scale,
    y: viewport.y + at.y / viewport.scale - at.y / scale,
    scale
  };
}

/** Returns the viewport moved by pixels of the stage. The middle of the stage stays within the chart. */
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
