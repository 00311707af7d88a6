import type { Json } from '../../../../../protocol/inspection.js';
import { isRecord, parsedJson } from '../../../../sdk/json.js';
import { byId, element } from '../../../shared/element.js';
import { label } from '../../../shared/live-text.js';
import { activeIds } from '../../states/active-states.js';
import { takenEvents } from '../../chart/chart-events.js';
import type { ChartStore } from '../../chart/chart-store.js';
import { isJson } from '../../recording/message-shape.js';
import type { Moment } from '../../recording/moment.js';

/** Sends an event. Rejects with an error whose message says why it was not sent. */
export type SendEvent = (
  sessionId: string,
  event: { readonly type: string } & Readonly<Record<string, Json>>
) => Promise<unknown>;

/** The form that sends an event to an actor. */
export class SendView {
  readonly #type = byId('send-type', HTMLSelectElement);
  readonly #fields = byId('send-fields', HTMLTextAreaElement);
  readonly #button = byId('send-button', HTMLButtonElement);
  readonly #answer = byId('send-answer', HTMLParagraphElement);
  readonly #store: ChartStore;
  readonly #send: SendEvent;
  #moment: Moment | null = null;
  #offered = '';

  constructor(store: ChartStore, send: SendEvent) {
    this.#store = store;
    this.#send = send;
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
        : { now: [], otherwise: [] };
    const offered = JSON.stringify(events);
    if (offered !== this.#offered) {
      this.#offered = offered;
      const { value } = this.#type;
      this.#type.replaceChildren(
        ...group('Taken in this state', events.now),
        ...group('Not taken in this state', events.otherwise)
      );
      if ([...events.now, ...events.otherwise].includes(value)) this.#type.value = value;
    }
    this.#button.disabled = !isLive || this.#type.options.length === 0;
    this.#button.title = isLive ? '' : 'Events are sent to what runs now: go back to live first.';
  }

  async #submit(): Promise<void> {
    const actor = this.#moment?.actor ?? null;
    const fields = parsedJson(this.#fields.value.trim() || '{}');
    if (actor === null) return;
    if (!isRecord(fields) || !isJsonRecord(fields)) {
      label(this.#answer, { tone: 'bad', text: 'The fields are no JSON object.' });
      return;
    }
    const type = this.#type.value;
    label(this.#answer, { tone: 'busy', text: 'Sending…' });
    try {
      await this.#send(actor.sessionId, { ...fields, type });
      label(this.#answer, { tone: 'good', text: `${type} was sent to ${actor.name}.` });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      label(this.#answer, { tone: 'bad', text: `Not sent: ${why}` });
    }
  }
}

function isJsonRecord(
  value: Readonly<Record<string, unknown>>
): value is Readonly<Record<string, Json>> {
  return isJson(value);
}

function group(label: string, events: readonly string[]): HTMLOptGroupElement[] {
  if (events.length === 0) return [];
  return [
    element(
      'optgroup',
      { label },
      ...events.map((event) => element('option', { value: event }, event))
    )
  ];
}
