/** Which part of a chart is in sight, and how large: pure, in CSS pixels. */

/** A size. */
export interface Size {
  readonly width: number;
  readonly height: number;
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

/** Below this scale nobody can read a chart: it is shown at this scale, around what is active. */
export const READABLE_SCALE = 0.5;

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
  return centred({ x: 0, y: 0, ...chart }, stage, scale);
}

/** A part of a chart in the middle of the stage; at most as large as it fits. */
export function centred(
  box: Size & { readonly x: number; readonly y: number },
  stage: Size,
  scale: number
): Viewport {
  const kept = clamp(scale);
  return {
    x: box.x + box.width / 2 - stage.width / kept / 2,
    y: box.y + box.height / 2 - stage.height / kept / 2,
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
