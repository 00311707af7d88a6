import { expect } from 'chai';
import { createActor, createMachine, sendTo, type AnyActor } from 'xstate';
import { contained } from '../../../actors/inspection.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import type { RecordedMessage } from '../../../protocol/inspection.js';
import type { DeliveryActorsSource } from '../../../server/inspector/actor-sources.js';
import { Recorder } from '../../../server/inspector/recorder.js';
import { RecordingBuffer } from '../../../server/inspector/recording-buffer.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';
import { RunRig } from '../../actors/agents/run-rig.js';
import { threadRig } from '../chat/thread-rig.js';

const GRACE_MS = 10_000;

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  context: { watts: 40, token: 'swordfish' },
  states: {
    off: { on: { press: 'on' } },
    on: { on: { press: 'off', burn: 'gone' } },
    gone: { type: 'final' }
  }
});

/** A root with an invoked child, like the server's tree of actors. */
const house = createMachine({
  id: 'house',
  initial: 'quiet',
  states: {
    quiet: { on: { wake: 'lit' } },
    lit: {
      invoke: { id: 'lamp', src: lamp },
      entry: sendTo('lamp', { type: 'press' }),
      on: { sleep: 'quiet', blow: { actions: sendTo('lamp', { type: 'burn' }) } }
    }
  }
});

class Rig {
  readonly clock = new VirtualClock();
  readonly logger = new RecordedLogger();
  readonly root: AnyActor;
  readonly messages: RecordedMessage[] = [];
  readonly recorder: Recorder;

  constructor(buffer = new RecordingBuffer(), root: AnyActor = createActor(house, { id: 'root' })) {
    this.root = root;
    const incidents = new Incidents({ clock: this.clock, logger: this.logger });
    this.recorder = new Recorder({
      clock: this.clock,
      root: () => this.root,
      showsBodies: false,
      contain: (observe) => contained(observe, incidents),
      buffer
    });
    this.recorder.listen((_, message) => this.messages.push(message));
  }

  /** The recorded messages, one line each. */
  get story(): string[] {
    return this.messages.map((message) => {
      switch (message.type) {
        case 'inspect.unwatched':
          return 'unwatched';
        case 'inspect.left':
          return `left ${String(message.sessionIds.length)}`;
        case '@xstate.event':
          return `${message.name} < ${message.event.type}`;
        default: {
          const { value, status } = message.snapshot;
          const state = status === 'active' ? JSON.stringify(value) : status;
          return message.type === '@xstate.actor'
            ? `${message.name} is ${state}`
            : `${message.name} = ${state} by ${message.transitions.join(' ')}`;
        }
      }
    });
  }
}

describe('Recorder', () => {
  it('says of a child that crashed that it did', () => {
    const fuse = createMachine({
      id: 'fuse',
      on: {
        blow: {
          actions: () => {
            throw new Error('a fault in the chart');
          }
        }
      }
    });
    const box = createMachine({
      id: 'box',
      invoke: { id: 'fuse', src: fuse, onError: { actions: () => undefined } },
      on: { blow: { actions: sendTo('fuse', { type: 'blow' }) } }
    });
    const rig = new Rig(new RecordingBuffer(), createActor(box, { id: 'root' }));
    rig.root.start();
    rig.recorder.attach();
    rig.root.send({ type: 'blow' });
    expect(rig.story).to.include('fuse = error by ');
    expect(rig.messages.at(-1)).to.deep.include({ type: '@xstate.snapshot', name: 'root' });
  });

  it('tells of the tree from its first moment: actors, events, snapshots and the transitions taken', () => {
    const rig = new Rig();
    rig.recorder.attach();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    expect(rig.story).to.deep.equal([
      'root is "quiet"',
      'root < xstate.init',
      'root = "quiet" by ',
      'root < wake',
      'lamp is "off"',
      'lamp < press',
      'lamp < xstate.init',
      'lamp = "off" by ',
      'lamp = "on" by off|press|0',
      'root = "lit" by quiet|wake|0'
    ]);
    const [, ...rest] = rig.messages.map(({ seq }) => seq);
    expect(rest.every((seq, at) => seq === at + 2)).to.equal(true);
  });

  it('names the actor, its machine, its parent and who sent an event, and shows no secret', () => {
    const rig = new Rig();
    rig.recorder.attach();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    const event = rig.messages.find(
      (message) => message.type === '@xstate.event' && message.event.type === 'press'
    );
    expect(event).to.deep.include({
      name: 'lamp',
      chart: 'lamp',
      parentId: rig.root.sessionId,
      sourceId: rig.root.sessionId,
      rootId: rig.root.sessionId,
      thread: null
    });
    expect(JSON.stringify(rig.messages)).not.to.include('swordfish');
  });

  it('hears nothing while nobody needs it', () => {
    const rig = new Rig();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    const end = rig.recorder.attach();
    const other = rig.recorder.attach();
    end();
    end();
    expect(rig.recorder.isAttached).to.equal(true);
    other();
    expect(rig.recorder.isAttached).to.equal(false);
    const heard = rig.messages.length;
    rig.root.send({ type: 'sleep' });
    expect(rig.messages.length).to.equal(heard);
  });

  it('meets a tree that runs already as it stands', () => {
    const rig = new Rig();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    rig.recorder.attach();
    expect(rig.story).to.deep.equal(['root is "lit"', 'lamp is "on"']);
    expect([...rig.recorder.tree()].map(({ name }) => name)).to.deep.equal(['root', 'lamp']);
  });

  it('says where it did not watch, and which actors ended meanwhile', async () => {
    const rig = new Rig();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    rig.recorder.attach()();
    const detachedAt = rig.clock.now();
    rig.messages.length = 0;
    rig.root.send({ type: 'sleep' });
    await rig.clock.advance(5_000);
    rig.recorder.attach();
    expect(rig.story).to.deep.equal(['unwatched', 'lamp = stopped by ', 'root is "quiet"']);
    expect(rig.messages[0]).to.deep.include({ from: detachedAt, at: detachedAt + 5_000 });
    expect(rig.recorder.actor('nobody')).to.equal(null);
  });

  it('goes on while a recording is on, and stops when it is switched off', () => {
    const rig = new Rig();
    rig.root.start();
    rig.recorder.record(true);
    rig.recorder.record(true);
    expect(rig.recorder.state).to.include({ isOn: true });
    rig.recorder.attach()();
    rig.root.send({ type: 'wake' });
    expect(rig.story).to.include('root = "lit" by quiet|wake|0');
    rig.recorder.record(false);
    expect(rig.recorder.isAttached).to.equal(false);
    expect(rig.recorder.state).to.include({ isOn: false });
  });

  it('forgets an actor that has ended', () => {
    const rig = new Rig();
    rig.recorder.attach();
    rig.root.start();
    rig.root.send({ type: 'wake' });
    const lampId = rig.messages.find((m) => 'name' in m && m.name === 'lamp');
    const sessionId = lampId !== undefined && 'sessionId' in lampId ? lampId.sessionId : '';
    expect(rig.recorder.actor(sessionId)).not.to.equal(null);
    rig.root.send({ type: 'blow' });
    expect(rig.story).to.include('lamp = done by on|burn|0');
    expect(rig.recorder.actor(sessionId)).to.equal(null);
  });

  it('keeps the machines that it saw, by the hash of their charts', () => {
    const rig = new Rig();
    rig.recorder.attach();
    rig.root.start();
    const [root] = [...rig.recorder.tree()];
    expect(rig.recorder.machine(root?.hash ?? '')?.id).to.equal('house');
    expect(rig.recorder.machine('another')).to.equal(null);
  });

  it('harms nobody when it fails: the fault is an incident', () => {
    const rig = new Rig();
    rig.recorder.attach();
    rig.recorder.listen(() => {
      throw new Error('a fault in a listener');
    });
    rig.root.start();
    rig.root.send({ type: 'wake' });
    expect(rig.root.getSnapshot()).to.have.property('value', 'lit');
    expect(rig.logger.with('an observer of the charts failed')).to.have.length(1);
  });

  describe('with runs of agents', () => {
    const hangs = async function* (): AsyncGenerator<string, void> {
      yield 'so far';
      await new Promise(() => undefined);
    };
    const started = async () => {
      const rig = new Rig();
      const agents = new RunRig({ hangs });
      await agents.say('first', { agent: 'hangs' });
      rig.root.start();
      rig.recorder.deliver(threadRig(rig.clock, GRACE_MS).threads, agents.runs.actors);
      return { rig, agents };
    };
    const about = ({ story }: Rig) =>
      story
        .filter((line) => line.includes('run:hangs'))
        .map((line) => line.replace(/r[0-9a-f]{24}/, 'r'));

    it('meets those that are open, and follows all of them to their end', async () => {
      const { rig, agents } = await started();
      const end = rig.recorder.attach();
      expect(about(rig)).to.deep.equal(['run:hangs:r is "running"']);
      await agents.say('second', { agent: 'hangs', thread: 'other' });
      agents.runs.cancelOf('t', 'm1', 'ada');
      await agents.turns();
      expect(about(rig).slice(1)).to.deep.equal([
        'run:hangs:r is "queued"',
        'run:hangs:r < xstate.init',
        'run:hangs:r = "queued" by ',
        'run:hangs:r < run.begun',
        'run:hangs:r = "running" by queued|run.begun|0',
        'run:hangs:r < run.ended',
        'run:hangs:r = "ending" by |run.ended|0',
        'run:hangs:r < run.stored',
        'run:hangs:r = done by ending|run.stored|2'
      ]);
      expect([...rig.recorder.tree()].map(({ chart }) => chart)).to.deep.equal(['house', 'run']);
      end();
    });

    it('has an observer at none of them while nobody watches', async () => {
      const { rig, agents } = await started();
      expect(agents.runs.actors.observed).to.equal(0);
      const [one, other] = [rig.recorder.attach(), rig.recorder.attach()];
      await agents.say('second', { agent: 'hangs', thread: 'other' });
      expect(agents.runs.actors.observed).to.equal(2);
      one();
      expect(agents.runs.actors.observed).to.equal(2);
      other();
      await agents.say('third', { agent: 'hangs', thread: 'another' });
      expect(agents.runs.actors.observed).to.equal(0);
    });

    it('says which have ended meanwhile when somebody looks again', async () => {
      const { rig, agents } = await started();
      rig.recorder.attach()();
      agents.runs.cancelOf('t', 'm1', 'ada');
      await agents.turns();
      expect([...agents.runs.actors.all()]).to.deep.equal([]);
      rig.recorder.attach();
      expect(about(rig).at(-1)).to.equal('run:hangs:r = done by ');
      expect([...rig.recorder.tree()].map(({ chart }) => chart)).to.deep.equal(['house']);
    });
  });

  describe('with delivery actors', () => {
    const started = () => {
      const rig = new Rig();
      const { threads, publish } = threadRig(rig.clock, GRACE_MS);
      threads.open();
      rig.root.start();
      rig.recorder.deliver(threads);
      return { rig, threads, publish };
    };

    it('follows a thread through waiting, undelivered and delivering', async () => {
      const { rig, threads, publish } = started();
      rig.recorder.attach();
      rig.recorder.watch('all');
      publish('lobby');
      await rig.clock.advance(GRACE_MS);
      const thread = threads.get('lobby');
      threads.enter(thread, 'bob');
      threads.caughtUp(thread, 'bob');
      const taken = rig.messages.flatMap((message) =>
        message.type === '@xstate.snapshot' && message.thread === 'lobby' ? message.transitions : []
      );
      // The actor starts only when the first message waits, and starts in `waiting`.
      expect(rig.story).to.include('delivery:lobby is "waiting"');
      expect(taken).to.deep.equal([
        'waiting|xstate.after.grace.delivery.waiting|0',
        'undelivered|subscriber.first|0',
        'flushing|flush.done|0'
      ]);
    });

    it('meets an actor that runs already in the state before its next event', () => {
      const { rig, threads } = started();
      threads.enter(threads.get('lobby'), 'bob');
      rig.recorder.attach();
      rig.recorder.watch('all');
      expect(rig.story).not.to.include('delivery:lobby is "delivering"');
      threads.leave(threads.get('lobby'), 'bob');
      expect(rig.story.slice(-3)).to.deep.equal([
        'delivery:lobby is "delivering"',
        'delivery:lobby < subscriber.none',
        'delivery:lobby = "idle" by delivering|subscriber.none|0'
      ]);
    });

    it('meets the actor of a thread that somebody asks for, once', () => {
      const { rig, threads } = started();
      threads.enter(threads.get('lobby'), 'bob');
      rig.recorder.attach();
      rig.recorder.watch(new Set(['lobby']));
      rig.recorder.watch(new Set(['lobby', 'nowhere']));
      expect(rig.story.filter((line) => line.includes('lobby'))).to.deep.equal([
        'delivery:lobby is "delivering"'
      ]);
    });

    it('leaves no observer at any of them when nobody needs it', () => {
      const { rig, threads } = started();
      let observed = 0;
      const counting: DeliveryActorsSource = {
        observe: (observer, which) =>
          threads.observe((event) => {
            observed++;
            observer(event);
          }, which),
        actorOf: (thread) => threads.actorOf(thread)
      };
      rig.recorder.deliver(counting);
      rig.recorder.watch('all');
      rig.recorder.attach()();
      threads.enter(threads.get('lobby'), 'bob');
      threads.leave(threads.get('lobby'), 'bob');
      expect(observed).to.equal(0);
    });

    it('watches the threads that it is told, and says when it leaves them', () => {
      const { rig, threads } = started();
      rig.recorder.attach();
      rig.recorder.watch(new Set(['lobby']));
      threads.enter(threads.get('attic'), 'bob');
      threads.enter(threads.get('lobby'), 'bob');
      expect(rig.story.join()).not.to.include('attic');
      rig.messages.length = 0;
      rig.recorder.watch(new Set(['attic']));
      threads.leave(threads.get('lobby'), 'bob');
      expect(rig.story).to.deep.equal(['left 1', 'delivery:attic is "delivering"']);
      rig.recorder.watch(new Set(['lobby']));
      expect(rig.story.slice(-2)).to.deep.equal(['left 1', 'delivery:lobby is "idle"']);
    });

    it('watches all threads while a recording is on, and then those that it was told', () => {
      const { rig, threads } = started();
      rig.recorder.record(true);
      threads.enter(threads.get('lobby'), 'bob');
      expect(rig.story).to.include('delivery:lobby < subscriber.first');
      rig.recorder.record(false);
      expect(rig.story.at(-1)).to.equal('left 1');
    });

    it('hears of an actor that replaced one that crashed', () => {
      const { rig, threads } = started();
      rig.recorder.attach();
      rig.recorder.watch('all');
      threads.enter(threads.get('lobby'), 'bob');
      const poison = {
        get type(): 'flush.done' {
          throw new Error('a fault in the chart');
        }
      };
      const crashed = threads.get('lobby').actor?.sessionId ?? '';
      threads.get('lobby').actor?.send(poison);
      threads.leave(threads.get('lobby'), 'bob');
      // The end of the crashed actor is recorded, and it is not kept as a live one.
      expect(rig.story).to.include('delivery:lobby = error by ');
      expect(rig.recorder.actor(crashed)).to.equal(null);
      expect(rig.story.at(-1)).to.equal('delivery:lobby = "idle" by delivering|subscriber.none|0');
    });

    it('writes down the messages of a thread beside its actor, and of one without', () => {
      const { rig, threads } = started();
      rig.recorder.attach();
      rig.recorder.message('quiet', { type: 'message', mid: 'm1' });
      threads.enter(threads.get('lobby'), 'bob');
      rig.recorder.message('lobby', { type: 'message', mid: 'm2' });
      expect(rig.messages.filter((m) => m.type === '@xstate.event').slice(-1)[0]).to.deep.include({
        name: 'delivery:lobby',
        thread: 'lobby',
        chart: 'delivery'
      });
      expect(rig.story).to.include('delivery:quiet < message');
    });
  });
});
