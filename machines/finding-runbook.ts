/** The runbook: what each kind of finding means and where to look. Source of `/runbook.html` and docs/runbook.md. */
import type { FindingKind } from './finding.js';

/** The entry of one kind; what to do about it is in `finding-remedy.ts`. */
export interface RunbookEntry {
  readonly title: string;
  readonly means: string;
  /** What it was, in the past tense; said of one that is over. */
  readonly was: string;
  /** Where to look, in order. */
  readonly look: readonly string[];
}

/** Entries by kind. Names between backticks are settings, commands and fields. */
export const RUNBOOK: Readonly<Record<FindingKind, RunbookEntry>> = {
  undelivered: {
    title: 'Undelivered messages',
    means:
      'Messages found nobody subscribed within the grace (`DELIVERY_GRACE_MS`). They are in the log and are given to the next subscriber.',
    was: 'Messages found nobody within the grace. Somebody has them now.',
    look: [
      'The inspector, tab Threads, state undelivered: each thread with its number of held messages.',
      'Events of such a thread: each message links to its journey.',
      'Whether the program that should read there runs, and is connected: tab Connections.'
    ]
  },
  event_loop_lag: {
    title: 'Late event loop',
    means: 'The process did nothing else for a while, and everybody waited.',
    was: 'The process answered late, and everybody waited. It answers in time again.',
    look: [
      'The load of the machine, and what else runs on it.',
      'The disk: a stalled one delays every write.',
      'The log, for handlers and searches of that moment.'
    ]
  },
  lagging_connections: {
    title: 'Slow readers',
    means:
      'Many connections read slower than is written to them. They go on from the log and lose nothing.',
    was: 'Many connections read slower than was written to them. They have caught up, or left.',
    look: [
      'Whether they share a network, a proxy or a thread: the inspector, tab Connections.',
      'Messages a second on the status page: one thread may be too loud for its readers.'
    ]
  },
  sink_lag: {
    title: 'ClickHouse behind',
    means:
      'ClickHouse takes rows, but slower than they come. The chat is not touched; search and reports lack the newest.',
    was: 'ClickHouse was behind. It has caught up.',
    look: [
      'Copy in ClickHouse on the status page: what waits, and when it was last stored.',
      'The disk and the CPU of ClickHouse.'
    ]
  },
  part_missed: {
    title: 'Part not well',
    means: 'A supervised part is lost, starting again, degraded or given up.',
    was: 'A part was not well. It is well again.',
    look: [
      'Supervision on the status page: why, since when, and when it is tried again.',
      'The part in the inspector: what it waits for, and the events that led there.'
    ]
  },
  restarts: {
    title: 'Restarts',
    means:
      'A part was lost and started again. A required part that is lost too often ends the server.',
    was: 'A part was lost and started again. It has held since.',
    look: [
      'The message of the finding: it has the last reason.',
      'The part in the inspector: step back to the event that ended it.'
    ]
  },
  log_fault: {
    title: 'Thread log',
    means:
      'The thread log takes no messages: publishes are answered “unavailable”. What is stored can be read.',
    was: 'The thread log took no messages. It takes them again.',
    look: [
      'The room on the disk of `DATA_DIR`, and its quota.',
      'The log of the kernel, for faults of the disk.'
    ]
  },
  unreadable_threads: {
    title: 'Unreadable threads',
    means: 'Rows of the log are damaged. Those threads are refused; all others go on.',
    was: 'Threads could not be read. They can be read again.',
    look: [
      'The error lines of the log: each names the thread and the offset.',
      'Backups of `DATA_DIR`.'
    ]
  },
  disk_low: {
    title: 'Disk',
    means:
      'The disk of the thread log is nearly full. What ClickHouse does not have is not kept for it past the retention.',
    was: 'The disk of the thread log was nearly full. There is room again.',
    look: [
      'The room on the disk of `DATA_DIR`, and what else is on it.',
      'Whether ClickHouse is away: what waits for it takes room.'
    ]
  },
  open_files: {
    title: 'File descriptors',
    means: 'The process has few file descriptors left; without a free one nobody can connect.',
    was: 'File descriptors ran short. There are enough again.',
    look: [
      'Connections on the status page: each takes one.',
      'The limit of the process: `/proc/<pid>/limits`.'
    ]
  },
  memory: {
    title: 'Memory',
    means:
      'The heap or the container is nearly full. The server reads less from its sockets and answers “unavailable” before it runs out.',
    was: 'Memory ran short. There is enough again.',
    look: [
      '`memory` in `/status`: what holds it.',
      'Connections on the status page, and how many of them read slowly.'
    ]
  },
  token_keys: {
    title: 'Keys of tokens',
    means:
      'The keys of `AUTH_JWKS_URL` cannot be fetched. Those from before stay in use; tokens with newer keys are answered “unavailable”. Without any keys nobody can sign in.',
    was: 'The keys of `AUTH_JWKS_URL` could not be fetched. They have been fetched again.',
    look: [
      'The message of the finding: it says what the key server did.',
      'The address by hand, from the machine of the server: `curl -i $AUTH_JWKS_URL`. It must answer 200 with JSON, without a redirect.'
    ]
  },
  authorize: {
    title: 'Application not asked',
    means:
      'Your application (`AUTHORIZE_URL`) does not say who may do what. What needs its answer is answered “unavailable”; open subscriptions go on.',
    was: 'Your application (`AUTHORIZE_URL`) could not be asked who may do what. It answers again.',
    look: [
      'The message of the finding: it says what the application did.',
      'The log of the application, for requests that took more than 2 s or were not answered with 200.'
    ]
  },
  api_keys: {
    title: 'API keys',
    means:
      'The file of `API_KEYS_FILE` was changed or removed, and what is there now cannot be used. The keys from before stay in use: a key that was to be added is refused, and one that was to be taken back is still accepted.',
    was: 'The file of `API_KEYS_FILE` could not be used. It is in use again.',
    look: [
      'The message of the finding: it names the line or the key that is wrong, and why.',
      '`rollcall check` where the server runs: it names everything that is wrong with the file.'
    ]
  },
  webhooks: {
    title: 'Webhooks',
    means:
      'Your application (`WEBHOOK_URL`) does not take events, or has not taken some within a day. What waits is tried again for a day; what was given up is kept until somebody sends it again or drops it.',
    was: 'Webhooks were not taken. They are taken again.',
    look: [
      'The message of the finding: it says what the receiver did.',
      '`webhooks` in `/status`: how many events wait, and how many were given up.',
      'The events that were given up, each with its reason: `GET /api/webhooks/letters`.'
    ]
  },
  agent_silent: {
    title: 'Silent agents',
    means:
      'An agent that is at work has yielded nothing for half a minute. Time in which it waits for people, or a tool is at work, does not count.',
    was: 'Agents that were at work yielded nothing for long. They have gone on, or their runs have ended.',
    look: [
      'The thread of the finding: the run and what it has done so far.',
      'What the agent asks: a model or a service that does not answer.'
    ]
  },
  agent_tool: {
    title: 'Slow tools',
    means: 'A tool of an agent has been at work for more than a minute.',
    was: 'A tool of an agent took more than a minute. It has ended, or its run has.',
    look: [
      'The thread of the finding: `tool_executing` has the arguments of the call.',
      'What the tool calls, and whether it has a time limit.'
    ]
  },
  agent_failing: {
    title: 'Failing agent',
    means:
      'The last runs of an agent have all failed. Those that were cancelled or interrupted do not count.',
    was: 'The runs of an agent failed one after the other. One was completed since.',
    look: [
      'The entries `agent_failed` in its threads: each has a code and a message.',
      'The log: what an agent throws is told there only.'
    ]
  },
  agent_blocking: {
    title: 'Blocking agent',
    means:
      'An agent did not give the event loop back for long when it was called for its next event, and everybody waited. What it does after an `await` of its own is not measured: then “Late event loop” stands alone.',
    was: 'The event loop was kept by an agent for long. It has not been since.',
    look: [
      'The code of the agent: loops without `await`, large JSON, synchronous reads.',
      'The agents at work on the status page, when the event loop is late and no agent is named.'
    ]
  },
  fault: {
    title: 'Fault',
    means: 'Something in Rollcall failed that should not. It was contained, and the chat goes on.',
    was: 'Something in Rollcall failed that should not. It has not come again.',
    look: [
      'The log line of the fault: it has the place in the code.',
      'Whether it comes again, and with which thread.'
    ]
  }
};
