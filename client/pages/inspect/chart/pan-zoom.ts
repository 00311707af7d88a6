import { byId } from '../../shared/element.js';
import { moved, zoomed, type Size, type Viewport } from './viewport.js';

/** Zoom factor per pixel of wheel scroll, and per press of a key or button. */
const WHEEL_FACTOR = 1.0015;
const STEP_FACTOR = 1.25;

/** Distance that one press of an arrow key moves the chart. */
const STEP_PX = 60;

/** A pointer that moves less than this between down and up is a click, not a drag. */
const DRAG_PX = 3;

/** Lets the reader move and zoom a chart by wheel, drag, two fingers, buttons and keys. */
export class PanZoom {
  readonly #stage: HTMLElement;
  readonly #changed: (viewport: Viewport, stage: Size) => void;
  readonly #refit: () => void;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #viewport: Viewport = { x: 0, y: 0, scale: 1 };
  #chart: Size = { width: 1, height: 1 };
  #isChosen = false;

  /**
   * @param changed shows a viewport on a stage of this size
   * @param refit called when the stage changes its size and the reader has not moved or zoomed the chart
   */
  constructor(
    stage: HTMLElement,
    changed: (viewport: Viewport, stage: Size) => void,
    refit: () => void
  ) {
    this.#refit = refit;
    this.#stage = stage;
    this.#changed = changed;
    stage.addEventListener('wheel', this.#wheel, { passive: false });
    stage.addEventListener('pointerdown', this.#down);
    stage.addEventListener('pointermove', this.#move);
    for (const type of ['pointerup', 'pointercancel'] as const) {
      stage.addEventListener(type, this.#up);
    }
    stage.addEventListener('keydown', (event) => {
      if (event.target === stage && this.#key(event.key)) event.preventDefault();
    });
    byId('zoom-in', HTMLButtonElement).addEventListener('click', () => {
      this.#zoom(STEP_FACTOR);
    });
    byId('zoom-out', HTMLButtonElement).addEventListener('click', () => {
      this.#zoom(1 / STEP_FACTOR);
    });
    new ResizeObserver(() => {
      if (this.#isChosen) this.#choose(this.#viewport);
      else this.#refit();
    }).observe(stage);
  }

  /** Size of the stage in CSS pixels; at least 1, because callers divide by it. */
  get stage(): Size {
    return { width: this.#stage.clientWidth || 1, height: this.#stage.clientHeight || 1 };
  }

  /** Whether the reader has moved or zoomed the chart since the last `set`. */
  get isChosen(): boolean {
    return this.#isChosen;
  }

  /** Sets the size of the chart, so that the reader cannot move it out of view. */
  setChart(chart: Size): void {
    this.#chart = chart;
  }

  /** Shows a part of the chart that the page has chosen, not the reader. */
  set(viewport: Viewport): void {
    this.#isChosen = false;
    this.#viewport = viewport;
    this.#changed(viewport, this.stage);
  }

  #choose(viewport: Viewport): void {
    this.set(viewport);
    this.#isChosen = true;
  }

  readonly #wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.#zoom(WHEEL_FACTOR ** (-event.deltaY * lines), this.#at(event));
  };

  readonly #down = (event: PointerEvent): void => {
    if (event.button !== 0 || isButton(event.target)) return;
    this.#pointers.set(event.pointerId, this.#at(event));
  };

  readonly #move = (event: PointerEvent): void => {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = this.#at(event);
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    const isDrag = this.#stage.hasPointerCapture(event.pointerId);
    if (!isDrag && Math.hypot(dx, dy) < DRAG_PX) return;
    if (!isDrag) this.#stage.setPointerCapture(event.pointerId);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other === undefined) {
      this.#choose(moved(this.#viewport, dx, dy, this.#chart, this.stage));
      return;
    }
    const [was, is] = [before, now].map(({ x, y }) => Math.hypot(x - other.x, y - other.y));
    this.#zoom((is ?? 1) / Math.max(1, was ?? 1), other);
  };

  readonly #up = ({ pointerId }: PointerEvent): void => {
    this.#pointers.delete(pointerId);
  };

  #key(key: string): boolean {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [STEP_PX, 0],
      ArrowRight: [-STEP_PX, 0],
      ArrowUp: [0, STEP_PX],
      ArrowDown: [0, -STEP_PX]
    };
    const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
    if (step !== undefined) this.#choose(moved(this.#viewport, ...step, this.#chart, this.stage));
    else if (key === '+' || key === '=') this.#zoom(STEP_FACTOR);
    else if (key === '-') this.#zoom(1 / STEP_FACTOR);
    else if (key === '0') byId('zoom-fit', HTMLButtonElement).click();
    else return false;
    return true;
  }

  #zoom(factor: number, at?: { x: number; y: number }): void {
    const { width, height } = this.stage;
    this.#choose(zoomed(this.#viewport, factor, at ?? { x: width / 2, y: height / 2 }));
  }

  #at({ clientX, clientY }: MouseEvent): { x: number; y: number } {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}

function isButton(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button') !== null;
}
