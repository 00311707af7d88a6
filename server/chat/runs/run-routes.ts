/** Handlers of the frames about runs: `cancel`, `answer` and `withdraw`. */
import type { Connection } from '../connection.js';
import type { Received, RequestId } from '../frame-decoder.js';
import { encodeFrame } from '../frame-encoder.js';
import type { RunRequests } from './run-requests.js';

/** What the handlers use. */
export interface RunRouteServices {
  /** Null while there are no agents. */
  readonly agents: () => RunRequests | null;
  /** Answers a frame that its handler found to be bad, and counts it as bad. */
  readonly badFrame: (connection: Connection, id: RequestId, message: string) => void;
}

/** Makes the handlers. */
export function createRunRoutes({ agents, badFrame }: RunRouteServices): {
  readonly cancel: (connection: Connection, frame: Received<'cancel'>) => void;
  readonly answer: (connection: Connection, frame: Received<'answer'>) => void;
  readonly withdraw: (connection: Connection, frame: Received<'withdraw'>) => void;
} {
  /** Returns the requests when the user may change the run; answers the frame otherwise. */
  const permitted = (
    connection: Connection,
    { id, run }: { readonly id?: RequestId; readonly run: string }
  ): RunRequests | null => {
    const { user, rights } = connection;
    const requests = agents();
    if (requests === null || user === null || rights === null) {
      connection.sendError(id, 'not_found', 'there is no such run');
      return null;
    }
    const refusal = requests.refusal(user, rights, run);
    if (refusal === null) return requests;
    connection.sendError(id, refusal, REFUSED[refusal]);
    return null;
  };

  const cancelRun = (connection: Connection, { id }: Received<'cancel'>, run: string): void => {
    const requests = permitted(connection, { id, run });
    if (requests === null) return;
    requests.runs.cancel(run, connection.user ?? '');
    connection.send(encodeFrame({ type: 'cancelling', id, run }));
  };

  return {
    cancel: (connection, frame) => {
      const { id, run, thread, mid } = frame;
      if (run !== undefined) cancelRun(connection, frame, run);
      else if (thread === undefined || mid === undefined) {
        badFrame(connection, id, 'a cancel names a run, or a thread and a mid');
      } else {
        const requests = agents();
        if (requests === null) {
          connection.sendError(id, 'not_found', REFUSED.not_found);
          return;
        }
        const found = requests.runs.cancelOf(thread, mid, connection.user ?? '');
        connection.send(encodeFrame({ type: 'cancelling', id, run: found ?? undefined }));
      }
    },

    answer: (connection, { id, run, ask, value }) => {
      const requests = permitted(connection, { id, run });
      if (requests === null) return;
      connection.unanswered++;
      void requests.runs.answer(run, ask, connection.user ?? '', value).then((refusal) => {
        connection.unanswered--;
        if (refusal === null) connection.send(encodeFrame({ type: 'answered', id, run, ask }));
        else if (refusal === 'bad_frame')
          badFrame(connection, id, '/value does not fit the schema');
        else connection.sendError(id, refusal, ANSWER_REFUSED[refusal]);
      });
    },

    withdraw: (connection, { id, run }) => {
      const requests = permitted(connection, { id, run });
      if (requests === null) return;
      const refusal = requests.runs.withdraw(run, connection.user ?? '');
      if (refusal === null) connection.send(encodeFrame({ type: 'withdrawn', id, run }));
      else connection.sendError(id, refusal, WITHDRAW_REFUSED[refusal]);
    }
  };
}

const REFUSED = {
  not_found: 'there is no such run',
  forbidden: 'the run is not yours'
} as const;

const ANSWER_REFUSED = {
  not_found: 'the run does not ask this',
  conflict: 'the question has been answered already',
  unavailable: 'the answer was not stored'
} as const;

const WITHDRAW_REFUSED = {
  not_found: 'there is no such run',
  conflict: 'the run has begun: cancel it'
} as const;
