import { AgentError, type Answer, type AgentEvent } from '../../../../actors/agents/agent.js';
import { RunRig, type Script } from '../../../actors/agents/run-rig.js';

type Steps = AsyncGenerator<AgentEvent, void, Answer | undefined>;

const AGENTS: Readonly<Record<string, Script>> = {
  talk: async function* (): Steps {
    yield { type: 'text', text: 'one ' };
    await new Promise((resolve) => setImmediate(resolve));
    yield { type: 'text', text: 'two 😀 ' };
    yield { type: 'usage', input: 3, output: 4, model: 'm' };
    yield { type: 'text', text: 'three' };
  },
  silent: async function* (): Steps {
    // Ends without a word.
  },
  think: async function* (): Steps {
    yield { type: 'thinking', text: 'hm' };
    yield { type: 'text', text: 'a' };
    yield { type: 'thinking', text: 'well' };
    yield { type: 'text', text: 'b' };
  },
  tools: async function* (): Steps {
    yield { type: 'text', text: 'before ' };
    yield { type: 'toolCall', call: 'c1', tool: 'look', args: { at: 1 } };
    yield { type: 'toolCall', call: 'c2', tool: 'fail', args: null };
    yield { type: 'toolResult', call: 'c2', ok: false, error: 'it is broken' };
    yield { type: 'toolResult', call: 'c1', ok: true, result: [1] };
    yield { type: 'text', text: 'after' };
    // A call may have the id of one that has ended.
    yield { type: 'toolCall', call: 'c1', tool: 'look', args: {} };
  },
  ask: async function* (): Steps {
    yield { type: 'text', text: 'first ' };
    const answer = yield { type: 'ask', prompt: 'Sure?', schema: { type: 'boolean' } };
    yield { type: 'text', text: answer?.isAnswered === true ? String(answer.value) : 'nobody' };
    yield { type: 'ask', prompt: 'Why?', withinMs: 1_000 };
  },
  ask_and_retry: async function* ({ attempt }): Steps {
    yield { type: 'text', text: `attempt ${String(attempt)} ` };
    const answer = yield { type: 'ask', prompt: 'Sure?', schema: { type: 'boolean' } };
    yield { type: 'text', text: answer?.isAnswered === true ? 'is sure' : 'is not' };
    if (attempt === 1) throw new AgentError('busy', 'it is busy', 100);
  },
  retry: async function* ({ attempt }): Steps {
    yield { type: 'toolCall', call: `c${String(attempt)}`, tool: 'try', args: {} };
    yield { type: 'text', text: `attempt ${String(attempt)} ` };
    await new Promise((resolve) => setImmediate(resolve));
    yield { type: 'text', text: 'goes on' };
    if (attempt < 3) throw new AgentError('busy', 'it is busy', 100);
  },
  retry_to_nothing: async function* ({ attempt }): Steps {
    if (attempt > 1) return;
    yield { type: 'text', text: 'lost' };
    throw new AgentError('busy', 'it is busy', 100);
  },
  fail: async function* (): Steps {
    yield { type: 'text', text: 'half a ' };
    yield { type: 'toolCall', call: 'c1', tool: 'look', args: {} };
    throw new AgentError('no_flour', 'we have run out of flour');
  },
  slow: async function* (): Steps {
    yield { type: 'thinking', text: 'hm' };
    yield { type: 'text', text: 'slow' };
    yield { type: 'toolCall', call: 'c1', tool: 'look', args: {} };
    await new Promise(() => undefined);
  }
};

/** A played history, and who watches it. */
export class Played {
  rig = new RunRig(AGENTS);
  /** Called after everything that happens. */
  watch: () => void = () => undefined;

  /** What readers read; it stays the same over a restart. */
  readonly ports = {
    log: this.rig.log,
    runs: { of: (thread: string) => this.rig.runs.of(thread) }
  };

  async say(agent: string, more: object = {}): Promise<void> {
    await this.rig.say('hi', { agent, ...more });
    this.watch();
  }

  /** Lets a time pass, in steps between which is watched. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      await this.rig.clock.advance(20);
      await this.turns();
    }
  }

  async turns(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      await this.rig.turns(1);
      this.watch();
    }
  }

  /** The process dies, and another takes up its log. */
  async dies(): Promise<void> {
    const { log } = this.rig;
    this.rig = new RunRig(AGENTS, undefined, log);
    this.rig.runs.restore();
    await this.turns();
  }

  /** The run at work. */
  get run(): string {
    return this.rig.runs.of('t')[0]?.run ?? '';
  }

  async answer(value: unknown, ask = 'a1'): Promise<void> {
    await this.rig.runs.answer(this.run, ask, 'ada', value);
    await this.turns();
  }
}

const alone =
  (agent: string) =>
  async (played: Played): Promise<void> => {
    await played.say(agent);
    await played.pass(300);
  };

/** Every kind of history of runs in the thread `t`. */
export const HISTORIES: Readonly<Record<string, (played: Played) => Promise<void>>> = {
  text: alone('talk'),
  nothing: alone('silent'),
  thoughts: alone('think'),
  tools: alone('tools'),
  'a failure': alone('fail'),
  'a word at a time': async (played) => {
    await played.say('echo');
    await played.pass(400);
  },
  'an answered question': async (played) => {
    await played.say('ask');
    await played.answer(true);
    await played.answer('because', 'a2');
  },
  'a question that nobody answers': async (played) => {
    await played.say('ask');
    await played.answer(false);
    await played.pass(1_100);
  },
  attempts: alone('retry'),
  'an attempt without a text': alone('retry_to_nothing'),
  'a cancel': async (played) => {
    await played.say('slow');
    await played.pass(100);
    played.rig.runs.cancel(played.run, 'ada');
    await played.turns();
  },
  'a cancel between two attempts': async (played) => {
    await played.say('retry_to_nothing');
    await played.pass(60);
    played.rig.runs.cancel(played.run, 'ada');
    await played.turns();
  },
  'a cancel while it asks': async (played) => {
    await played.say('ask');
    played.rig.runs.cancel(played.run, 'ada');
    await played.turns();
  },
  'a death in the middle': async (played) => {
    await played.say('slow');
    await played.pass(1_700);
    await played.dies();
  },
  'a death while it asks': async (played) => {
    await played.say('ask');
    await played.dies();
    await played.answer(true);
    await played.answer('because', 'a2');
  },
  'a queue': async (played) => {
    await played.say('slow');
    await played.say('tools');
    await played.say('think');
    await played.turns();
    played.rig.runs.withdraw(played.rig.runs.of('t')[2]!.run, 'ada');
    await played.say('talk');
    played.rig.runs.cancel(played.run, 'ada');
    await played.pass(300);
  },
  'an interruption': async (played) => {
    await played.say('slow');
    await played.pass(60);
    await played.say('think', { whileRunning: 'interrupt' });
    await played.pass(100);
  },
  'a steered run': async (played) => {
    await played.say('ask');
    await played.say('ask', { whileRunning: 'steer' });
    await played.answer(true);
    await played.answer('because', 'a2');
    // The agent has not read the message, so it gets a run of its own.
    await played.answer(false);
    await played.answer('because', 'a2');
  }
};

/** All histories, also one in which the text at a question is not how the answer begins in the end. */
export const ALL_HISTORIES: typeof HISTORIES = {
  ...HISTORIES,
  'a question before a further attempt': async (played) => {
    await played.say('ask_and_retry');
    await played.answer(true);
    await played.pass(300);
  }
};

/** Plays a history, and calls `watch` after everything that happens. */
export async function play(
  name: string,
  watch: (played: Played) => void = () => undefined
): Promise<Played> {
  const played = new Played();
  played.watch = () => {
    watch(played);
  };
  watch(played);
  await ALL_HISTORIES[name]!(played);
  played.watch();
  return played;
}
