import { expect } from 'chai';
import { resolve } from 'node:path';
import { AgentsService } from '../../../../server/wiring/agents/agents-service.js';
import { LoopBoard } from '../../../../server/wiring/agents/loop/loop-board.js';
import { LOAD_MS, type ModuleFiles } from '../../../../server/wiring/agents/agent-module.js';
import { RunRig } from '../../../actors/agents/run-rig.js';
import { VirtualClock, settle } from '../../../virtual-clock.js';

/** A module of one agent that says its version, and then waits for `go` when there is one. */
const saying = (name: string, word: string, go?: Promise<void>): unknown => ({
  default: {
    name,
    async *run() {
      yield word;
      await go;
      yield '.';
    }
  }
});

describe('AgentsService', () => {
  let clock: VirtualClock;
  let modules: Map<string, unknown>;
  let changed: Map<string, () => void>;
  let loads: [string, number][];
  let lines: string[];
  let faults: string[];
  /** What the threads that watch the event loop see. */
  let watching: LoopBoard[];

  beforeEach(() => {
    clock = new VirtualClock();
    modules = new Map();
    changed = new Map();
    loads = [];
    lines = [];
    faults = [];
    watching = [];
  });

  const files: ModuleFiles = {
    load: async (path, version) => {
      loads.push([path, version]);
      const found = modules.get(path);
      if (found instanceof Error) throw found;
      return found;
    },
    watch: (path, onChange) => {
      changed.set(path, onChange);
      return () => changed.delete(path);
    }
  };
  const service = (
    agents: string[],
    environment: 'development' | 'production' = 'development'
  ): AgentsService => {
    const line = (message: string): void => void lines.push(message);
    return new AgentsService({
      config: {
        agents,
        environment,
        agentEchoWordsPerSecond: 50,
        agentUrl: undefined,
        agentKey: undefined,
        agentModel: undefined,
        agentHistoryChars: 1_000,
        agentStallMs: 1_000,
        logFormat: 'json',
        logLevel: 'info'
      },
      clock,
      random: () => 0.5,
      logger: { error: line, warn: line, info: line, debug: line, isDebug: false },
      incidents: { note: (message, { reason }) => faults.push(`${message}: ${reason}`) },
      files,
      startThread: ({ memory }) => {
        watching.push(new LoopBoard(memory));
        return { end: () => Promise.resolve(void watching.splice(0)) };
      }
    });
  };
  const path = resolve('a.mjs');
  const other = resolve('b.mjs');
  const change = async (module: unknown, of = path): Promise<void> => {
    modules.set(of, module);
    changed.get(of)?.();
    await settle();
  };

  it('watches the event loop while a module is loaded and its agents are there', async () => {
    let reading: string | undefined;
    modules.set(path, saying('a', 'x'));
    const agents = service(['a.mjs']);
    const load = files.load;
    (files as { load: ModuleFiles['load'] }).load = (...of) => {
      reading = watching[0]?.read().around;
      return load(...of);
    };
    await agents.start();
    (files as { load: ModuleFiles['load'] }).load = load;
    expect(reading).to.equal(JSON.stringify({ loading: [path], open: [] }));
    agents.marks.enter('a run');
    expect(watching.map((board) => board.read().call)).to.deep.equal(['a run']);
    await agents.stop();
    expect(watching).to.have.length(0);
    expect(clock.waiting).to.equal(0);
  });

  it('watches no event loop where only the agents of the package are', async () => {
    const agents = service(['echo']);
    await agents.start();
    agents.marks.enter('a run');
    expect(watching).to.have.length(0);
    expect(clock.waiting).to.equal(0);
    await agents.stop();
    const none = service([]);
    await none.start();
    expect(watching).to.have.length(0);
  });

  it('gives a module its time to load, and names the one that does not', async () => {
    modules.set(path, new Promise(() => undefined));
    modules.set(other, saying('b', 'B'));
    let why = '';
    const started = service(['echo', 'a.mjs', 'b.mjs'])
      .start()
      .catch((error: unknown) => (why = String(error)));
    await clock.advance(LOAD_MS - 1);
    expect(why).to.equal('');
    await clock.advance(1);
    await started;
    expect(why).to.equal(
      `Error: AGENTS: ${path} cannot be loaded: it was not done after ${String(LOAD_MS)} ms`
    );
    expect(clock.waiting).to.equal(0);
  });

  it('loads modules at once: the time of one does not count for the next', async () => {
    const slow = (name: string): Promise<unknown> =>
      new Promise((done) => {
        clock.setTimeout(() => {
          done(saying(name, name));
        }, LOAD_MS - 1);
      });
    modules.set(path, slow('a'));
    modules.set(other, slow('b'));
    const agents = service(['a.mjs', 'b.mjs']);
    const started = agents.start();
    await clock.advance(LOAD_MS);
    await started;
    expect([...agents.agents.keys()]).to.eql(['a', 'b']);
    expect(lines).to.eql(['Agents: a, b']);
  });

  it('watches modules in development only', async () => {
    modules.set(path, saying('a', 'one'));
    await service(['echo', 'a.mjs'], 'production').start();
    expect([...changed.keys()]).to.eql([]);
    const agents = service(['echo', 'a.mjs']);
    await agents.start();
    expect([...changed.keys()]).to.eql([path]);
    await agents.stop();
    expect([...changed.keys()]).to.eql([]);
  });

  describe('when a module changes', () => {
    it('finishes runs with the old code, and begins new ones, also those in the queue, with the new', async () => {
      let go: () => void = () => undefined;
      const gate = new Promise<void>((done) => (go = done));
      modules.set(path, saying('a', 'old', gate));
      const agents = service(['a.mjs']);
      await agents.start();
      const rig = new RunRig({}, undefined, undefined, {}, agents.agents);
      await rig.say('one', { agent: 'a' });
      await rig.say('two', { agent: 'a' });
      await change(saying('a', 'new'));
      expect(lines.at(-1)).to.equal('Agents loaded anew: a');
      await rig.say('else', { agent: 'a', thread: 'u' });
      expect(rig.told('u').at(-1)).to.equal('agent_completed new.');
      go();
      await rig.turns();
      expect(rig.told().filter((line) => line.startsWith('agent_completed'))).to.eql([
        'agent_completed old.',
        'agent_completed new.'
      ]);
      expect(loads).to.eql([
        [path, 0],
        [path, 1]
      ]);
    });

    it('keeps the agents as they were when the new version is no good, and says why', async () => {
      modules.set(path, saying('a', 'old'));
      modules.set(other, saying('b', 'B'));
      const agents = service(['a.mjs', 'b.mjs']);
      await agents.start();
      const old = agents.agents.get('a');
      await change(new SyntaxError('Unexpected token'));
      await change({ default: 7 });
      await change(saying('b', 'two of a name'));
      expect(agents.agents.get('a')).to.equal(old);
      expect(new Set(faults.map((fault) => fault.split(':')[0])).size).to.equal(1);
      expect(faults.map((fault) => fault.split(': ').at(-1))).to.eql([
        'Unexpected token',
        'its default export is no agent and no list of agents',
        `${path} has one of two agents b`
      ]);
      await change(saying('a', 'new'));
      expect(agents.agents.get('a')).to.not.equal(old);
    });

    it('keeps them also when the new version never loads, and takes the next one', async () => {
      modules.set(path, saying('a', 'old'));
      const agents = service(['a.mjs']);
      await agents.start();
      const old = agents.agents.get('a');
      await change(new Promise(() => undefined));
      await change(saying('a', 'new'));
      expect(agents.agents.get('a')).to.equal(old);
      await clock.advance(LOAD_MS);
      await settle();
      expect(faults).to.have.length(1);
      expect(agents.agents.get('a')).to.not.equal(old);
      expect(loads.map(([, version]) => version)).to.eql([0, 1, 2]);
    });

    it('forgets agents that are gone, and offers those that came', async () => {
      modules.set(path, saying('a', 'old'));
      const agents = service(['a.mjs']);
      await agents.start();
      await change(saying('c', 'new'));
      expect([...agents.agents.keys()]).to.eql(['c']);
    });
  });
});
