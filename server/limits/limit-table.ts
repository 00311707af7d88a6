/**
 * Every limit that the server refuses for, one row each: docs/limits.md, the metric `rollcall_limited_total` and `limited`
 * of `/status` use this table. What each refusal says on the wire is in `protocol/errors.ts`.
 */
import type { SettingKey } from '../config/settings.js';

/** Meaning of one limit. */
export interface LimitRow<Name extends string = string> {
  /** Label in the metric. Names may be added, but the meaning of a name never changes. */
  readonly name: Name;
  /** What is limited. */
  readonly what: string;
  /** Scope within which things are counted together. */
  readonly per: 'connection' | 'user' | 'address' | 'caller' | 'thread' | 'server';
  /** The setting that the value is read or derived from; null for none. */
  readonly setting: SettingKey | null;
  /** The value if no setting holds it, or how it is derived from the setting. */
  readonly value?: string;
  /** Why there is no setting. */
  readonly fixed?: string;
  /** The refusal: codes over WebSocket and over HTTP. */
  readonly refusal: string;
  /** What a client should do. */
  readonly action: string;
}

const ROWS = [
  {
    name: 'publishes_connection',
    what: 'publishes in a second; a burst may be twice as many. All HTTP requests of a user count as one connection',
    per: 'connection',
    setting: 'limitPublishPerSecond',
    refusal: '`rate_limited` with `afterMs`',
    action: 'send it again after `afterMs`, with the same mid'
  },
  {
    name: 'publishes_user',
    what: 'publishes in a second, over all connections and HTTP; a burst may be twice as many',
    per: 'user',
    setting: 'limitPublishPerUser',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'send it again after that time, with the same mid'
  },
  {
    name: 'publishes_address',
    what: 'publishes in a second, over all connections and HTTP; a burst may be twice as many',
    per: 'address',
    setting: 'limitPublishPerAddress',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'send it again after that time, with the same mid'
  },
  {
    name: 'threads_user',
    what: 'threads begun, by their first message, in an hour; what was used comes back evenly within an hour',
    per: 'user',
    setting: 'limitThreadsPerHour',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'write into a thread that there is, or send it again after that time'
  },
  {
    name: 'stored_bytes_user',
    what: 'bytes of bodies stored in an hour; what was used comes back evenly within an hour',
    per: 'user',
    setting: 'limitStoredMbPerHour',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'send it again after that time, with the same mid'
  },
  {
    name: 'frames_connection',
    what: 'frames of any type in a second; a burst may be twice as many',
    per: 'connection',
    setting: 'limitPublishPerSecond',
    value: '20 for each publish',
    refusal: 'close 3013 with `afterMs`',
    action: 'reconnect after `afterMs`, and send less'
  },
  {
    name: 'waiting_frames_connection',
    what: 'characters of frames that wait until the server can handle them',
    per: 'connection',
    setting: 'limitFrameBytes',
    value:
      '1 Mi, or twice the setting if that is more; eight times as many while little else waits',
    refusal: 'close 3013 with `afterMs`',
    action: 'reconnect after `afterMs`, and wait for answers before sending more'
  },
  {
    name: 'work_user',
    what: 'points of work in a second, see [what requests cost](protocol.md#what-requests-cost)',
    per: 'user',
    setting: 'limitPublishPerSecond',
    value: '20 for each publish',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'send it again after that time'
  },
  {
    name: 'work_address',
    what: 'points of work in a second, of all its users together',
    per: 'address',
    setting: 'limitPublishPerAddress',
    value: '20 for each publish',
    refusal: '`rate_limited` with `afterMs`; 429 with `Retry-After`',
    action: 'send it again after that time'
  },
  {
    name: 'searches_caller',
    what: 'searches, reports and journeys that wait',
    per: 'caller',
    setting: null,
    value: '4, and 16 of all users',
    fixed: 'more would only wait longer: the store runs a few at once',
    refusal: '429 `rate_limited` with `Retry-After`',
    action: 'send it again after that time'
  },
  {
    name: 'refreshes_connection',
    what: 'tokens of `refresh` that are being checked',
    per: 'connection',
    setting: null,
    value: '1',
    fixed: 'one token is in use at a time',
    refusal: '`rate_limited` with `afterMs`',
    action: 'wait for the answer to the one before'
  },
  {
    name: 'early_frames_connection',
    what: 'frames before `connected`, while the token is being checked',
    per: 'connection',
    setting: null,
    value: '64',
    fixed: 'they are kept in memory for somebody who is not known yet',
    refusal: '`not_connected`',
    action: 'wait for `connected`, then send it again'
  },
  {
    name: 'bad_frames_connection',
    what: 'bad frames in a row, or bad messages in a row over `/ai/ws`',
    per: 'connection',
    setting: null,
    value: '10',
    fixed: 'a correct client sends none',
    refusal: 'close 3501',
    action: 'correct the client; do not reconnect'
  },
  {
    name: 'subscriptions_connection',
    what: 'subscriptions at a time',
    per: 'connection',
    setting: 'limitSubscriptions',
    refusal: '`too_many_subscriptions`',
    action: 'unsubscribe from a thread first'
  },
  {
    name: 'frame_bytes',
    what: 'bytes of a frame, or of the body of a request',
    per: 'connection',
    setting: 'limitFrameBytes',
    value:
      'requests that publish nothing have bodies of 4,096 at most, those of `/ai/chat` and `/agui` and messages of `/ai/ws` of 1,048,576, since they carry a whole chat',
    refusal:
      '`too_large`, 413; more than twice or four times as much is cut, see [operations](operations.md)',
    action: 'send less at once: `connected.limits.frameBytes` has the bound'
  },
  {
    name: 'wrong_keys_address',
    what: 'wrong API keys, tokens, tickets and INSPECT_TOKENs in a second; a burst may be twice as many. Expired and revoked tokens do not count',
    per: 'address',
    setting: 'limitWrongKeysPerSecond',
    refusal:
      '429 `rate_limited` with `Retry-After`; `rate_limited` with `afterMs`, then close 3013',
    action: 'correct the key or the token, and come back after that time'
  },
  {
    name: 'connections_user',
    what: 'open connections, event streams included',
    per: 'user',
    setting: 'limitConnectionsPerUser',
    refusal: 'close 3014; 429 `rate_limited` with `Retry-After`',
    action: 'close one that is not needed, or come back later'
  },
  {
    name: 'connections_address',
    what: 'open connections, event streams included; an IPv6 /64 is one address',
    per: 'address',
    setting: 'limitConnectionsPerAddress',
    refusal: '429 `rate_limited` with `Retry-After`',
    action: 'come back later'
  },
  {
    name: 'unauthenticated_address',
    what: 'open WebSockets that have not signed in yet, apart from the others',
    per: 'address',
    setting: 'limitUnauthenticatedPerAddress',
    refusal: '429 `rate_limited` with `Retry-After`',
    action: 'send `connect` in those that are open, or come back later'
  },
  {
    name: 'connects_address',
    what: 'WebSockets opened in a second; a burst may be twice as many',
    per: 'address',
    setting: 'limitConnectsPerAddress',
    refusal: '429 `rate_limited` with `Retry-After`',
    action: 'come back later, and keep a connection open'
  },
  {
    name: 'event_streams_user',
    what: 'open event streams',
    per: 'user',
    setting: 'limitEventStreamsPerUser',
    refusal: '429 `rate_limited` with `Retry-After`',
    action: 'close one that is not needed, or use a WebSocket, which takes many threads'
  },
  {
    name: 'ai_requests_connection',
    what: 'requests over `/ai/ws` that have not ended',
    per: 'connection',
    setting: null,
    value: '16',
    fixed: 'a page shows a few chats at once',
    refusal:
      'a chunk `error` that begins with `rate_limited`; close 3013 before the token has been checked',
    action: 'wait for the end of a request, or abort one, then send it again'
  },
  {
    name: 'tickets_user',
    what: 'tickets that were not used; each is valid for 30 s',
    per: 'user',
    setting: null,
    value: '20',
    fixed: 'a page needs one for each stream that it opens',
    refusal: 'the oldest ticket ends: `expired`',
    action: 'ask for a ticket when it is needed, and use it at once'
  },
  {
    name: 'tickets_server',
    what: 'tickets that were not used; each is valid for 30 s',
    per: 'server',
    setting: null,
    value: '10,000',
    fixed: 'they are kept in memory, some megabytes',
    refusal: '503 `unavailable` with `Retry-After`',
    action: 'come back after that time'
  },
  {
    name: 'backups_server',
    what: 'backups at a time',
    per: 'server',
    setting: null,
    value: '1',
    fixed: 'each reads the whole log',
    refusal: '503 `unavailable` with `Retry-After`',
    action: 'come back after that time'
  },
  {
    name: 'questions_server',
    what: 'questions to `AUTHORIZE_URL` that wait; 64 are on their way at once, 4 of one user',
    per: 'server',
    setting: null,
    value: '1,024',
    fixed: 'an application that is so far behind answers none of them in time',
    refusal: '`unavailable` with `afterMs`; 503 `unavailable` with `Retry-After`',
    action: 'send it again after that time'
  },
  {
    name: 'runs_thread',
    what: 'runs of agents that wait for the one at work, and messages that are to steer it and that it has not read',
    per: 'thread',
    setting: 'agentQueue',
    refusal: '`queue_full`, 429',
    action: 'wait for the end of a run, or withdraw one, then send it again with the same mid'
  },
  {
    name: 'runs_user',
    what: 'runs of agents that have not ended, in all threads together',
    per: 'user',
    setting: 'agentRunsPerUser',
    refusal: '`queue_full`, 429',
    action: 'wait for the end of a run, or cancel one, then send it again with the same mid'
  },
  {
    name: 'runs_server',
    what: 'runs of agents that have not ended',
    per: 'server',
    setting: 'agentRuns',
    refusal: '`queue_full`, 429',
    action: 'come back later'
  },
  {
    name: 'run_time',
    what: 'time of a run, without that in which people are asked',
    per: 'thread',
    setting: 'agentRunMs',
    refusal: '`agent_failed` with `timeout`, and the text so far',
    action: 'ask for less at once'
  },
  {
    name: 'run_text',
    what: 'characters of what an agent says in one run',
    per: 'thread',
    setting: 'agentAnswerChars',
    refusal: '`agent_failed` with `too_long`, and the text so far',
    action: 'ask for less at once'
  },
  {
    name: 'run_reply',
    what: 'characters of what somebody answers to the question of an agent, as JSON',
    per: 'thread',
    setting: null,
    value: '4,096',
    fixed: 'it is part of the record of the run',
    refusal: '`bad_frame`',
    action: 'answer in fewer words'
  },
  {
    name: 'run_steps',
    what: 'thoughts, tool calls, results and questions of a run, and the characters of each as JSON',
    per: 'thread',
    setting: null,
    value: '1,000, 65,536',
    fixed: 'each is an entry of the thread, which everybody reads',
    refusal: '`agent_failed` with `too_many_steps` or `too_large`, and the text so far',
    action: 'ask for less at once; let the agent gather small steps'
  },
  {
    name: 'connections_server',
    what: 'open connections, event streams included',
    per: 'server',
    setting: 'limitConnections',
    refusal: '503 `unavailable` with `Retry-After`',
    action: 'come back later'
  },
  {
    name: 'connect_time',
    what: 'time from the upgrade to `connect`',
    per: 'connection',
    setting: null,
    value: '10 s',
    fixed: 'as long as uWebSockets.js gives a request',
    refusal: 'close 3502',
    action: 'send `connect` at once; do not reconnect'
  },
  {
    name: 'unread_connection',
    what: 'time in which a client reads too little, and bytes of answers that it has not read',
    per: 'connection',
    setting: null,
    value: '60 s, 2 MiB',
    fixed: 'behind that it would never catch up',
    refusal: 'close 3008 with `resume`',
    action: 'reconnect, and go on from `resume`'
  },
  {
    name: 'memory',
    what: 'memory: from 90 % on, new connections, publishes and pages of history are refused',
    per: 'server',
    setting: 'memoryLimitMb',
    refusal: '503 with `Retry-After`, `unavailable` with `afterMs`',
    action: 'send it again after that time, with the same mid'
  },
  {
    name: 'open_files',
    what: 'file descriptors: the last ones are kept for the log and the probes',
    per: 'server',
    setting: null,
    value: '`ulimit -n`',
    fixed: 'the operating system has it',
    refusal: '503 `unavailable` with `Retry-After`',
    action: 'come back later'
  }
] as const satisfies readonly LimitRow[];

/** Name of a limit. */
export type LimitName = (typeof ROWS)[number]['name'];

/** The limits, in documented order. */
export const LIMITS: readonly LimitRow<LimitName>[] = ROWS;
