/** Handlers of the frames about runs: `cancel`, `answer` and `withdraw`. */
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../../access/authority.js';
import type { Connection } from '../connection.js';
import type { Received, RequestId } from '../frame-decoder.js';
import { encodeFrame } from '../frame-encoder.js';
import type { RunRequests } from './run-requests.js';

/** What the handlers use. */
export interface RunRouteServices {
  /** Null while there are no agents. */
  readonly agents: () => RunRequests | null;
  /** Answers a frame that a handler rejects, and counts it as bad. */
  readonly badFrame: (connection: Connection, id: RequestId, message: string) => void;
  /** Handles no further frame of a connection until a promise resolves, and then does the rest of the work on a frame. */
  readonly hold: (
    connection: Connection,
    frame: Received,
    until: Promise<void>,
    work: () => void
  ) => void;
}

type RunFrame = Received<'cancel' | 'answer' | 'withdraw'>;
type Work = (requests: RunRequests, user: string) => void;

/** Makes the handlers. */
export function createRunRoutes({ agents, badFrame, hold }: RunRouteServices): {
  readonly cancel: (connection: Connection, frame: Received<'cancel'>) => void;
  readonly answer: (connection: Connection, frame: Received<'answer'>) => void;
  readonly withdraw: (connection: Connection, frame: Received<'withdraw'>) => void;
} {
  /** Calls `work` if the user may change the run; otherwise answers with the refusal. */
  const judged = (connection: Connection, { id }: RunFrame, run: string, work: Work): void => {
    const { user, rights } = connection;
    const requests = agents();
    if (requests === null || user === null || rights === null) {
      connection.sendError(id, 'not_found', REFUSED.not_found);
      return;
    }
    const refusal = requests.refusal(user, rights, run);
    if (refusal === null) work(requests, user);
    else if (refusal === 'unavailable') {
      connection.sendError(id, refusal, NOT_ANSWERED, NOT_ANSWERED_AFTER_MS);
    } else connection.sendError(id, refusal, REFUSED[refusal]);
  };

  /** Does the same after asking the application, where it decides. */
  const permitted = (connection: Connection, frame: RunFrame, run: string, work: Work): void => {
    const { rights } = connection;
    const question = rights === null ? null : (agents()?.question(rights, run) ?? null);
    if (question === null) {
      judged(connection, frame, run, work);
      return;
    }
    hold(
      connection,
      frame,
      question.then(() => undefined),
      () => {
        // The token may have been revoked in the meantime.
        if (connection.socket !== null && !connection.isClosing) {
          judged(connection, frame, run, work);
        }
      }
    );
  };

  const cancelRun = (connection: Connection, frame: Received<'cancel'>, run: string): void => {
    permitted(connection, frame, run, ({ runs }, user) => {
      runs.cancel(run, user);
      connection.send(encodeFrame({ type: 'cancelling', id: frame.id, run }));
    });
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
        const user = connection.user ?? '';
        const found = requests.runs.runOf(thread, mid, user);
        // The same right is required, whether the frame names the message or the run.
        if (found !== null) cancelRun(connection, frame, found);
        else {
          requests.runs.cancelOf(thread, mid, user);
          connection.send(encodeFrame({ type: 'cancelling', id }));
        }
      }
    },

    answer: (connection, frame) => {
      const { id, run, ask, value } = frame;
      permitted(connection, frame, run, ({ runs }, user) => {
        connection.unanswered++;
        void runs.answer(run, ask, user, value).then((refusal) => {
          connection.unanswered--;
          if (refusal === null) connection.send(encodeFrame({ type: 'answered', id, run, ask }));
          else if (refusal === 'bad_frame')
            badFrame(connection, id, '/value does not fit the schema');
          else connection.sendError(id, refusal, ANSWER_REFUSED[refusal]);
        });
      });
    },

    withdraw: (connection, frame) => {
      const { id, run } = frame;
      permitted(connection, frame, run, ({ runs }, user) => {
        const told = (refusal: keyof typeof WITHDRAW_REFUSED | 'bad_frame' | null): void => {
          if (refusal === null) connection.send(encodeFrame({ type: 'withdrawn', id, run }));
          else if (refusal !== 'bad_frame') {
            connection.sendError(id, refusal, WITHDRAW_REFUSED[refusal]);
          }
        };
        const refusal = runs.withdraw(run, user);
        if (refusal === 'not_found') void runs.withdrawElsewhere(run, user).then(told);
        else told(refusal);
      });
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
  conflict: 'the run has begun: cancel it',
  unavailable: 'the node of the run did not answer'
} as const;
