/** Describes one message of a recording in a sentence. */
import type { RecordedMessage } from '../../../../protocol/inspection.js';
import { counted } from '../../shared/counted.js';
import { took } from '../../shared/duration.js';
import { stateWords } from '../states/state-tone.js';

/** Returns the sentence for a message. */
export function happeningWords(
  message: RecordedMessage | undefined,
  nameOf: (sessionId: string) => string
): string {
  if (message === undefined) return 'Before the first message that is kept.';
  if (message.type === 'inspect.unwatched') {
    return `Nobody watched for ${took(message.at - message.from)}: nothing is recorded of that time.`;
  }
  if (message.type === 'inspect.left') {
    return `${counted(message.sessionIds.length, 'thread')} not watched from here on.`;
  }
  const who = message.chart === null ? message.name : `${message.name} (${message.chart})`;
  switch (message.type) {
    case '@xstate.actor':
      return `${who} is there: ${stateWords(message)}.`;
    case '@xstate.event': {
      const { sourceId, sessionId, event } = message;
      const from =
        sourceId === undefined
          ? ''
          : sourceId === sessionId
            ? ' by itself'
            : ` by ${nameOf(sourceId)}`;
      return `${who} is sent ${event.type}${from}.`;
    }
    case '@xstate.snapshot': {
      const isEnd = message.snapshot.status !== 'active';
      const after = ` after ${message.event.type}`;
      return isEnd
        ? `${who} has ended (${message.snapshot.status})${after}.`
        : `${who} is in ${stateWords(message)}${after}.`;
    }
  }
}
