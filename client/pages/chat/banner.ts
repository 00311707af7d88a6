import type { ClientState } from '../../sdk/client.js';
import { byId, element } from '../shared/element.js';
import { endWords } from './words/end-words.js';

/** How often the countdown is updated, in milliseconds. */
const TICK_MS = 250;

/** While the banner is hidden, connecting shows it only after this time, in milliseconds. */
const QUIET_MS = 600;

/** What the user does in the banner. */
export interface BannerEvents {
  /** The user does not want to wait for the next attempt. */
  reconnect(): void;
  /** The user wants to sign in again. */
  signIn(): void;
}

/** The banner that appears when the connection has a problem, and the light that always shows its state. */
export class Banner {
  readonly #events: BannerEvents;
  readonly #banner = byId('banner', HTMLDivElement);
  readonly #light = byId('light', HTMLSpanElement);
  #stop: () => void = () => undefined;

  constructor(events: BannerEvents) {
    this.#events = events;
  }

  /** Shows the state of the connection. */
  show(state: ClientState): void {
    this.#stop();
    this.#light.className = `light ${state.name}`;
    this.#light.setAttribute('aria-label', state.name);
    this.#light.title = state.name;
    if (state.name === 'connected') this.#banner.hidden = true;
    else if (state.name === 'waiting') this.#waiting(state);
    else if (state.name === 'closed') this.#closed(state);
    else if (this.#banner.hidden) {
      const timer = setTimeout(() => {
        this.#say('busy', element('span', {}, 'Connecting…'));
      }, QUIET_MS);
      this.#stop = () => {
        clearTimeout(timer);
      };
    } else this.#say('busy', element('span', {}, 'Reconnecting…'));
  }

  #waiting(state: Extract<ClientState, { name: 'waiting' }>): void {
    // The seconds are hidden from screen readers, which would read out every one.
    const seconds = element('span', { 'aria-hidden': 'true', class: 'seconds' });
    const now = element('button', { type: 'button', class: 'quiet' }, 'Reconnect now');
    now.addEventListener('click', () => {
      this.#events.reconnect();
    });
    const retryAt = performance.now() + state.retryMs;
    const tick = (): void => {
      const left = Math.max(0, Math.ceil((retryAt - performance.now()) / 1_000));
      seconds.textContent = ` in ${String(left)} s`;
    };
    tick();
    const timer = setInterval(tick, TICK_MS);
    this.#stop = () => {
      clearInterval(timer);
    };
    this.#say('busy', element('span', {}, `${lossWords(state.code)} Reconnecting`, seconds), now);
  }

  #closed(state: Extract<ClientState, { name: 'closed' }>): void {
    const again = element('button', { type: 'button', class: 'quiet' }, 'Sign in again');
    again.addEventListener('click', () => {
      this.#events.signIn();
    });
    this.#say('over', element('span', {}, endWords(state)), again);
  }

  #say(kind: 'busy' | 'over', ...content: Node[]): void {
    this.#banner.className = `banner ${kind}`;
    this.#banner.replaceChildren(...content);
    this.#banner.hidden = false;
  }
}

function lossWords(code: number): string {
  if (!navigator.onLine) return 'You are offline.';
  if (code === 3001) return 'The server is restarting.';
  return 'Connection lost.';
}
