import type { Run } from '../../../sdk/client.js';

/** The agent, or what it uses, did something wrong that only its operator can mend. */
const AGENT_FAULT = 'The agent has a fault; its operator can read about it in the log.';

/** What happened and what one can do, by the code of the server's failures. Agents have codes of their own, too. */
const WORDS: Readonly<Record<string, string>> = {
  interrupted:
    'Interrupted: the server stopped while this was being written. What had come so far is here; try again for the whole.',
  timeout: 'Too slow: it took longer than an answer may. Try again, or ask for less at once.',
  too_long: 'Too long: the answer grew larger than one may be. Ask for less at once.',
  too_many_steps: 'Stopped: it took more steps than an answer may. Ask for less at once.',
  too_large: AGENT_FAULT,
  bad_event: AGENT_FAULT,
  agent_error: `${AGENT_FAULT} Trying again may help.`,
  internal: 'The server has a fault; its operator can read about it in the log.',
  unknown_agent: 'The server does not have this agent any more. Choose another one above.',
  no_message: 'The message that it was to answer is not kept any more. Write it again.',
  provider_busy: 'The model is busy. Try again in a minute.',
  provider_failed: 'The model’s server failed. Try again in a minute.',
  provider_unreachable: 'The model’s server cannot be reached. Try again in a minute.',
  provider_cut: 'The model broke off in the middle. Try again.',
  provider_stalled: 'The model fell silent in the middle. Try again.',
  provider_refused: 'The model’s server refused to answer; the operator can read why in the log.',
  provider_answer:
    'What the model’s server sent is no answer; the operator can read it in the log.',
  length: 'Cut off: the model has reached its longest answer. Ask it to go on.',
  content_filter: 'Stopped by the filter of the model’s server. Ask in other words.',
  tool_unknown: 'The model wanted a tool that it does not have. Ask in other words.',
  approval: 'The model waits for an approval that cannot be given here.'
};

/** Says why a run failed and what one can do about it. */
export function failureWords({ error }: Pick<Run, 'error'>): string {
  if (error === null) return 'Failed: the reason is not known';
  const known = Object.hasOwn(WORDS, error.code) ? WORDS[error.code] : undefined;
  return known ?? `Failed: ${error.message === '' ? error.code : error.message}`;
}
