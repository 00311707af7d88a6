/** Says what a recorded message is about. */
import type { RecordedMessage } from '../../protocol/inspection.js';
import type { Recorded } from './recording-buffer.js';

/** Returns the actors and the thread of a message, and whether it is about their state. */
export function subjectOf(
  message: RecordedMessage
): Pick<Recorded, 'sessionIds' | 'thread' | 'says'> {
  switch (message.type) {
    case 'inspect.unwatched':
      return { sessionIds: [], thread: null, says: null };
    case 'inspect.left':
      return { sessionIds: message.sessionIds, thread: null, says: 'end' };
    case '@xstate.event':
      return { sessionIds: [message.sessionId], thread: message.thread, says: null };
    default: {
      const says = message.snapshot.status === 'active' ? 'state' : 'end';
      return { sessionIds: [message.sessionId], thread: message.thread, says };
    }
  }
}
