import type { Json } from '../../../../../protocol/inspection.js';
import { isRecord, parsedJson } from '../../../../sdk/json.js';
import { byId, element } from '../../../shared/element.js';
import { label, write } from '../../../shared/live-text.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { activeIds } from '../../states/active-states.js';
import { takenEvents, type TakenEvents } from '../../chart/chart-events.js';
import type { ChartStore } from '../../chart/chart-store.js';
import { fateOf, type SentEvent } from '../../recording/event-fate.js';
import { isJson } from '../../recording/message-shape.js';
import type { Moment } from '../../recording/moment.js';
import { stateWords } from '../../states/state-tone.js';

/** Sends an event. Rejects with an error whose message says why it was not sent. */
export type SendEvent = (
  sessionId: string,
  event: { readonly type: string } & Readonly<Record<string, Json>>
) => Promise<unknown>;

const NO_EVENTS: TakenEvents = { now: [], otherwise: [] };

/** The form that sends an event to an actor. */
export class SendView {
  readonly #type = byId('send-type', HTMLSelectElement);
  readonly #fields = byId('send-fields', HTMLTextAreaElement);
  readonly #ignored = byId('send-ignored', HTMLParagraphElement);
  readonly #button = byId('send-button', HTMLButtonElement);
  readonly #answer = byId('send-answer', HTMLParagraphElement);
  readonly #store: ChartStore;
  readonly #send: SendEvent;
  readonly #changed: () => void;
  #moment: Moment | null = null;
  #offered = '';
  /** The event whose result is not recorded yet, with the words that name its actor. */
  #awaited: { readonly sent: SentEvent; readonly words: string } | null = null;

  constructor(store: ChartStore, send: SendEvent, changed: () => void) {
    this.#store = store;
    this.#send = send;
    this.#changed = changed;
    this.#type.addEventListener('change', changed);
    byId('send', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Offers what the actor of a moment takes. */
  show(moment: Moment): void {
    this.#moment = moment;
    const { actor, isLive } = moment;
    const hash = actor?.hash ?? null;
    const chart = hash === null ? null : this.#store.get(hash, moment.isLinked);
    const events =
      chart?.kind === 'ready'
        ? takenEvents(chart.layout, activeIds(actor?.snapshot.value))
        : NO_EVENTS;
    const offered = JSON.stringify(events);
    if (offered !== this.#offered) {
      this.#offered = offered;
      const { value } = this.#type;
      this.#type.replaceChildren(
        ...group('Taken in this state', events.now, ''),
        ...group('Ignored in this state', events.otherwise, ' (ignored)')
      );
      if ([...events.now, ...events.otherwise].includes(value)) this.#type.value = value;
    }
    this.#button.disabled = !isLive || this.#type.options.length === 0;
    this.#button.title = isLive ? '' : 'Events are sent to what runs now: go back to live first.';
    const isIgnored = actor !== null && events.otherwise.includes(this.#type.value);
    this.#ignored.hidden = !isIgnored;
    if (isIgnored) write(this.#ignored, ignoredWords(this.#type.value, stateWords(actor)));
    this.#tellFate(moment);
  }

  #tellFate({ timeline }: Moment): void {
    if (this.#awaited === null) return;
    const { sent, words } = this.#awaited;
    const fate = fateOf(timeline, sent);
    if (fate === null) return;
    this.#awaited = null;
    label(this.#answer, {
      tone: fate.isIgnored ? 'warn' : 'good',
      text: `${words}, which ${fate.words}.`
    });
  }

  async #submit(): Promise<void> {
    const moment = this.#moment;
    const actor = moment?.actor ?? null;
    const fields = parsedJson(this.#fields.value.trim() || '{}');
    if (moment === null || actor === null) return;
    this.#awaited = null;
    if (!isRecord(fields) || !isJsonRecord(fields)) {
      label(this.#answer, { tone: 'bad', text: 'The fields are no JSON object.' });
      return;
    }
    const type = this.#type.value;
    label(this.#answer, { tone: 'busy', text: 'Sending…' });
    const { sessionId } = actor;
    const sent = {
      sessionId,
      type,
      afterSeq: moment.timeline.lastSeq,
      before: stateWords(actor)
    };
    try {
      await this.#send(sessionId, { ...fields, type });
      const words = `${type} was sent to ${safeName(actor.name)}`;
      label(this.#answer, { tone: 'busy', text: `${words}.` });
      this.#awaited = { sent, words };
      this.#changed();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      label(this.#answer, { tone: 'bad', text: `Not sent: ${why}` });
    }
  }
}

function ignoredWords(event: string, state: string): string {
  return `In ${state} this actor ignores ${event}: it can be sent, and changes nothing.`;
}

function isJsonRecord(
  value: Readonly<Record<string, unknown>>
): value is Readonly<Record<string, Json>> {
  return isJson(value);
}

function group(label: string, events: readonly string[], mark: string): HTMLOptGroupElement[] {
  if (events.length === 0) return [];
  return [
    element(
      'optgroup',
      { label },
      ...events.map((event) => element('option', { value: event }, `${event}${mark}`))
    )
  ];
}
