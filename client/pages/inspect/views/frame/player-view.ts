import { byId } from '../../../shared/element.js';
import { number } from '../../../shared/counted.js';
import { label, tint, write } from '../../../shared/live-text.js';
import type { Word } from '../../../shared/tone.js';
import { clockTime } from '../clock-time.js';
import { happeningWords } from '../../recording/happening.js';
import type { Inspection } from '../../recording/inspection.js';
import type { LinkState } from '../../link/link.js';
import type { Moment } from '../../recording/moment.js';
import type { Stride } from '../../recording/place.js';

/** What the buttons do. */
export interface PlayerOrders {
  readonly pause: () => void;
  readonly live: () => void;
  readonly step: (direction: -1 | 1) => void;
  readonly seek: (position: number) => void;
  readonly record: (on: boolean) => void;
  readonly save: () => void;
  readonly load: (file: File) => void;
}

const PAUSE = 'M4 3h3v10H4zM9 3h3v10H9z';
const PLAY = 'm4 3 9 5-9 5z';

/** The bar at the top: says what is shown, and moves through the recording. */
export class PlayerView {
  readonly #link = byId('link', HTMLParagraphElement);
  readonly #linkWords = byId('link-words', HTMLSpanElement);
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #pauseWords = byId('pause-words', HTMLSpanElement);
  readonly #pauseGlyph = byId('pause-glyph', SVGPathElement);
  readonly #back = byId('back', HTMLButtonElement);
  readonly #forward = byId('forward', HTMLButtonElement);
  readonly #stride = byId('stride', HTMLSelectElement);
  readonly #slider = byId('place', HTMLInputElement);
  readonly #moment = byId('moment', HTMLTimeElement);
  readonly #momentPlace = byId('moment-place', HTMLSpanElement);
  readonly #toLive = byId('to-live', HTMLButtonElement);
  readonly #record = byId('record', HTMLButtonElement);
  readonly #happening = byId('happening', HTMLParagraphElement);
  readonly #file = byId('file', HTMLInputElement);

  constructor(orders: PlayerOrders) {
    this.#pause.addEventListener('click', orders.pause);
    this.#toLive.addEventListener('click', orders.live);
    this.#back.addEventListener('click', () => {
      orders.step(-1);
    });
    this.#forward.addEventListener('click', () => {
      orders.step(1);
    });
    this.#slider.addEventListener('input', () => {
      orders.seek(Number(this.#slider.value));
    });
    this.#record.addEventListener('click', () => {
      orders.record(this.#record.getAttribute('aria-pressed') !== 'true');
    });
    byId('export', HTMLButtonElement).addEventListener('click', orders.save);
    byId('open', HTMLButtonElement).addEventListener('click', () => {
      this.#file.click();
    });
    this.#file.addEventListener('change', () => {
      const [file] = this.#file.files ?? [];
      if (file !== undefined) orders.load(file);
      // Cleared, so that choosing the same file again opens it again.
      this.#file.value = '';
    });
    document.addEventListener('keydown', (event) => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '[') orders.step(-1);
      else if (event.key === ']') orders.step(1);
    });
  }

  /** What a step goes to. */
  get stride(): Stride {
    const { value } = this.#stride;
    return value === 'messages' || value === 'changes' ? value : 'subject';
  }

  /** Shows a moment. */
  show(moment: Moment, inspection: Inspection, link: LinkState): void {
    const { timeline, position, isFile, nameOf } = moment;
    const isPinned = inspection.place !== null;
    label(this.#linkWords, linkWord(link, isPinned, inspection));
    tint(this.#link, linkWord(link, isPinned, inspection).tone);
    const isPaused = isPinned && !isFile;
    this.#pause.hidden = isFile;
    this.#pause.setAttribute('aria-pressed', String(isPaused));
    write(this.#pauseWords, isPaused ? 'Go on' : 'Pause');
    this.#pauseGlyph.setAttribute('d', isPaused ? PLAY : PAUSE);
    this.#toLive.hidden = !isFile && !isPinned;
    this.#back.disabled = position === 0;
    this.#forward.disabled = position >= timeline.length;
    this.#slider.max = String(timeline.length);
    this.#slider.value = String(position);
    this.#slider.disabled = timeline.length === 0;
    const message = timeline.message(position - 1);
    const at = message?.at ?? null;
    const time = at === null ? '' : clockTime(at);
    write(this.#moment, time);
    this.#moment.dateTime = at === null ? '' : new Date(at).toISOString();
    const place = `${number(position)} of ${number(timeline.length)}`;
    write(this.#momentPlace, place);
    this.#slider.setAttribute('aria-valuetext', `message ${place} ${time}`.trim());
    this.#showRecord(inspection, link);
    const isShown = isPinned || isFile;
    this.#happening.hidden = !isShown;
    if (isShown) write(this.#happening, happeningWords(message, nameOf));
  }

  #showRecord({ recording, file }: Inspection, link: LinkState): void {
    this.#record.hidden = file !== null;
    this.#record.disabled = link !== 'live' || recording === null;
    this.#record.setAttribute('aria-pressed', String(recording?.isOn === true));
  }
}

function linkWord(link: LinkState, isPinned: boolean, { file }: Inspection): Word {
  if (file !== null) return { tone: 'busy', text: `From a file: ${file.name}` };
  switch (link) {
    case 'live':
      return isPinned ? { tone: 'busy', text: 'Paused' } : { tone: 'good', text: 'Live' };
    case 'connecting':
    case 'loading':
      return { tone: 'none', text: link === 'loading' ? 'Loading…' : 'Connecting…' };
    case 'waiting':
      return { tone: 'bad', text: 'No connection' };
    case 'locked':
      return { tone: 'warn', text: 'Locked' };
    case 'off':
      return { tone: 'none', text: 'Switched off' };
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== 'range')
  );
}
