/** The settings of agents and their runs. */
import { httpUrl, integer, list, optionalText, secret } from './setting.js';
import { LIMIT_MAX, TIME_MAX_MS } from './setting-bounds.js';

/** Node's own limit on the time without a byte of an answer: a longer one would not hold. */
const STALL_MAX_MS = 300_000;

/** The settings, by their key in the configuration. */
export const AGENT_SETTINGS = {
  agents: list(readAgent, 'a comma list of echo, openai and paths of modules', {
    name: 'AGENTS',
    doc: 'agents that answer in threads: echo, openai, and paths of modules whose default export is an agent or a list of agents',
    fallback: ({ environment }) => (environment === 'development' ? ['echo'] : []),
    fallbackText: 'development: echo, else none'
  }),
  agentEchoWordsPerSecond: integer(
    { min: 1, max: 1_000 },
    {
      name: 'AGENT_ECHO_WORDS_PER_SECOND',
      doc: 'how fast the agent echo speaks',
      fallback: 50
    }
  ),
  agentUrl: httpUrl({
    name: 'AGENT_URL',
    doc: 'where the agent openai asks: the base address of a server that speaks chat completions, as `https://api.openai.com/v1`',
    form: 'an http(s) URL',
    fallbackText: 'none'
  }),
  agentKey: secret({
    name: 'AGENT_KEY',
    doc: 'key that the agent openai sends to AGENT_URL as a bearer token'
  }),
  agentModel: optionalText(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters', {
    name: 'AGENT_MODEL',
    doc: 'model that the agent openai asks for'
  }),
  agentHistoryChars: integer(
    { min: 1_000, max: 1_048_576 },
    {
      name: 'AGENT_HISTORY_CHARS',
      doc: 'most characters of the thread that the agent openai gives to the model; older messages are left out',
      fallback: 60_000
    }
  ),
  agentStallMs: integer(
    { min: 1_000, max: STALL_MAX_MS, unit: 'ms' },
    {
      name: 'AGENT_STALL_MS',
      doc: 'longest time without an event from AGENT_URL; then the attempt fails with `provider_stalled`',
      fallback: 120_000
    }
  ),
  agentRunMs: integer(
    { min: 1_000, max: TIME_MAX_MS, unit: 'ms' },
    {
      name: 'AGENT_RUN_MS',
      doc: 'time of one run, without the time in which it waits for an answer; then it fails with `timeout`',
      fallback: 600_000
    }
  ),
  agentAskMs: integer(
    { min: 1_000, max: TIME_MAX_MS, unit: 'ms' },
    {
      name: 'AGENT_ASK_MS',
      doc: 'longest time for the answer to a question of an agent',
      fallback: TIME_MAX_MS
    }
  ),
  agentAnswerChars: integer(
    { min: 1_000, max: 1_048_576 },
    {
      name: 'AGENT_ANSWER_CHARS',
      doc: 'longest answer of an agent, in characters; a longer one fails with `too_long`',
      fallback: 262_144
    }
  ),
  agentRuns: integer(
    { min: 1, max: LIMIT_MAX },
    {
      name: 'AGENT_RUNS',
      doc: 'runs of this server that have not ended; more are refused with `queue_full`',
      fallback: 1_000
    }
  ),
  agentRunsPerUser: integer(
    { min: 1, max: LIMIT_MAX },
    {
      name: 'AGENT_RUNS_PER_USER',
      doc: 'runs of one user that have not ended; more are refused with `queue_full`',
      fallback: 20
    }
  ),
  agentQueue: integer(
    { min: 0, max: 1_000 },
    {
      name: 'AGENT_QUEUE',
      doc: 'runs of one thread that wait for another, and messages with `steer` that a run has not read; more are refused with `queue_full`',
      fallback: 16
    }
  )
};

/** A shipped agent, or the path of a module. */
function readAgent(item: string): string | undefined {
  return item === 'echo' || item === 'openai' || /^[^\0]*[./\\][^\0]*$/.test(item)
    ? item
    : undefined;
}
