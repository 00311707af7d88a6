/** The inspector page: the link to the server, its recordings, and the views that show one place of a recording. */
import { systemClock } from '../../sdk/clock.js';
import { byId } from '../shared/element.js';
import { number } from '../shared/counted.js';
import { write } from '../shared/live-text.js';
import { TabSecret } from '../shared/tab-secret.js';
import {
  actorOf,
  ROOT_SUBJECT,
  subjectHash,
  subjectOfHash,
  type Subject
} from './states/actor-key.js';
import { askReport, askServer, openSocket, painted } from './link/browser-line.js';
import { ChartStore } from './chart/chart-store.js';
import { ChartView } from './chart/chart-view.js';
import { ConnectionsView } from './views/lists/connections-view.js';
import { ContextView } from './views/subject/context-view.js';
import { EventsView } from './views/subject/events-view.js';
import { Export } from './link/export.js';
import { Findings } from './link/findings.js';
import { hashesIn, openFile, saveReel, takeDrops } from './link/files.js';
import { Inspection } from './recording/inspection.js';
import { Link } from './link/link.js';
import type { Moment } from './recording/moment.js';
import { NoticesView } from './views/frame/notices-view.js';
import { noticesOf } from './views/frame/notices.js';
import { Painter } from './views/frame/painter.js';
import { Panes } from './views/frame/panes.js';
import { placeAfter, stepped, type Place } from './recording/place.js';
import { PlayerView } from './views/frame/player-view.js';
import { SendView } from './views/subject/send-view.js';
import { SequenceView } from './views/subject/sequence-view.js';
import { SubjectView } from './views/subject/subject-view.js';
import { Tabs } from './views/frame/tabs.js';
import { ThreadsView } from './views/lists/threads-view.js';
import { TokenView } from './views/frame/token-view.js';
import { TreeView } from './views/lists/tree-view.js';
import { UnwellView } from './views/lists/unwell-view.js';
import { WatchList } from './link/watch-list.js';

/** How often shown times are updated while no messages arrive, in milliseconds. */
const TICK_MS = 500;

/** The token of the inspector. */
const SECRET = new TabSecret('rollcall.inspect.token');

class InspectPage {
  readonly #inspection = new Inspection();
  readonly #store = new ChartStore({
    ask: (path) => this.#link.ask(path),
    changed: () => this.#painter.soon()
  });
  readonly #link = new Link(
    {
      clock: systemClock,
      open: openSocket,
      ask: askServer,
      random: () => Math.random(),
      changed: () => {
        this.#linkChanged();
      },
      hello: (hello) => {
        if (this.#inspection.greet(hello)) this.#store.retry();
      },
      recording: (recording, chars) => {
        this.#inspection.take(recording, chars, systemClock.now());
        this.#store.prepare(hashesIn(this.#inspection.live));
        this.#painter.soon();
      },
      message: (message, chars) => {
        this.#inspection.push(message, chars);
        if (message.type === '@xstate.actor' && message.hash !== null) {
          this.#store.prepare([message.hash]);
        }
        this.#painter.later();
      },
      state: (recording) => {
        this.#inspection.recording = recording;
        this.#painter.later();
      },
      dropped: (count) => {
        this.#inspection.dropped = count;
        this.#painter.later();
      }
    },
    SECRET.value
  );
  readonly #export = new Export({
    charts: (reel, had) => {
      const mayAsk = this.#link.state === 'live' && this.#inspection.file === null;
      return this.#store.all(hashesIn(reel), mayAsk, had);
    },
    save: (reel, charts) => saveReel(reel, charts, this.#inspection.file?.at ?? systemClock.now()),
    changed: () => {
      this.#painter.soon();
    },
    painted
  });
  readonly #painter = new Painter({
    clock: systemClock,
    frame: (work) => {
      requestAnimationFrame(work);
    },
    isHidden: () => document.hidden,
    paint: () => {
      this.#paint();
    }
  });
  readonly #panes = new Panes();
  readonly #watched = new WatchList(
    (threads) => this.#link.request('inspect.watch', { threads, everything: false }),
    () => {
      // What it did before it was watched is in the recording of the server.
      void this.#link.reload().catch(() => undefined);
    }
  );
  readonly #pick = (subject: Subject): void => {
    this.#show(subject);
    this.#panes.show('chart');
  };
  readonly #soon = (): void => {
    this.#painter.soon();
  };
  readonly #goTo = (seq: number): void => {
    this.#inspection.goTo(seq);
    this.#painter.soon();
  };
  readonly #player = new PlayerView({
    pause: () => {
      const { timeline } = this.#inspection.reel;
      const isPinned = this.#inspection.place !== null;
      this.#place(isPinned ? null : placeAfter(timeline, timeline.length));
    },
    live: () => {
      this.#inspection.goLive();
      this.#painter.soon();
    },
    step: (direction) => {
      const { reel, place } = this.#inspection;
      const { stride } = this.#player;
      this.#place(
        stepped(reel.timeline, place, direction, stride, this.#subject, (id) =>
          this.#inspection.nameOf(id)
        )
      );
    },
    seek: (position) => {
      this.#place(placeAfter(this.#inspection.reel.timeline, position));
    },
    record: (on) => {
      void this.#record(on);
    },
    save: () => {
      void this.#export.run(this.#inspection.reel);
    },
    load: (file) => {
      void this.#open(file);
    }
  });
  readonly #side = new Tabs(['tree', 'threads', 'connections'], this.#soon);
  readonly #details = new Tabs(['context', 'events', 'sequence', 'send'], this.#soon);
  readonly #unwell = new UnwellView(
    this.#pick,
    new Findings({ clock: systemClock, ask: askReport, changed: this.#soon })
  );
  readonly #tree = new TreeView(this.#pick, this.#soon);
  readonly #threads = new ThreadsView(
    (asked) => this.#link.request('inspect.threads', asked),
    this.#pick,
    this.#soon
  );
  readonly #connections = new ConnectionsView(
    (asked) => this.#link.request('inspect.connections', asked),
    (connection, words) => {
      this.#threads.filter(connection, words);
      this.#side.open('threads');
    },
    this.#soon
  );
  readonly #subjectView = new SubjectView(this.#pick);
  readonly #chart = new ChartView(this.#store);
  readonly #context = new ContextView();
  readonly #events = new EventsView(this.#goTo, this.#soon);
  readonly #sequence = new SequenceView(this.#goTo);
  readonly #send = new SendView(
    this.#store,
    (sessionId, event) => this.#link.request('inspect.send', { sessionId, event }),
    this.#soon
  );
  readonly #notices = new NoticesView();
  readonly #token = new TokenView(SECRET, (token) => {
    this.#link.unlock(token);
  });
  #subject: Subject = subjectOfHash(location.hash) ?? ROOT_SUBJECT;
  #refused: string | null = null;
  /** When the connection was lost, Unix milliseconds by this device's clock; null while there is one. */
  #lostAt: number | null = null;

  start(): void {
    if (this.#subject.kind === 'thread') this.#side.open('threads');
    addEventListener('hashchange', () => {
      if (SECRET.takeHanded()) this.#link.unlock(SECRET.value ?? '');
      const subject = subjectOfHash(location.hash);
      if (subject !== null) this.#subject = subject;
      this.#painter.soon();
    });
    addEventListener('online', () => {
      if (this.#link.state === 'waiting') this.#link.start();
    });
    document.addEventListener('visibilitychange', this.#soon);
    takeDrops((file) => {
      void this.#open(file);
    });
    setInterval(() => {
      this.#painter.later();
    }, TICK_MS);
    this.#link.start();
  }

  #show(subject: Subject): void {
    this.#subject = subject;
    const hash = subjectHash(subject);
    if (location.hash !== hash) history.replaceState(null, '', hash);
    this.#painter.soon();
  }

  #place(place: Place): void {
    this.#inspection.goTo(place);
    this.#painter.soon();
  }

  #linkChanged(): void {
    const { state, why } = this.#link;
    this.#lostAt = state === 'live' ? null : (this.#lostAt ?? systemClock.now());
    if (state === 'live') {
      this.#watched.forget();
      this.#store.retry();
    }
    this.#token.show(state === 'locked', why);
    this.#painter.soon();
  }

  async #record(on: boolean): Promise<void> {
    try {
      const { recording } = await this.#link.request('inspect.record', { on });
      this.#inspection.recording = recording;
    } catch {
      // The button shows how it stands.
    }
    this.#painter.soon();
  }

  async #open(file: File): Promise<void> {
    await openFile(file, {
      opened: (recording, name, chars) => {
        this.#refused = null;
        this.#store.add(recording.charts);
        this.#inspection.open(recording, name, chars);
      },
      refused: (name, why) => {
        this.#refused = `${name} was not opened. ${why}`;
      }
    });
    this.#painter.soon();
  }

  #moment(): Moment {
    const inspection = this.#inspection;
    const { reel, position, file, place, hello } = inspection;
    const states = inspection.states();
    const isLinked = this.#link.state === 'live';
    return {
      timeline: reel.timeline,
      position,
      states,
      // After its last message nothing is known of a server.
      now: inspection.nowAt(this.#lostAt ?? systemClock.now()),
      isLive: isLinked && file === null && place === null,
      isLinked,
      isGone: !isLinked && file === null && place === null,
      isFile: file !== null,
      subject: this.#subject,
      actor: actorOf(states, this.#subject),
      hello: file === null ? hello : null,
      nameOf: (sessionId) => inspection.nameOf(sessionId)
    };
  }

  #paint(): void {
    const moment = this.#moment();
    const { state, why } = this.#link;
    this.#player.show(moment, this.#inspection, state);
    this.#showNotices(why);
    write(byId('environment', HTMLSpanElement), this.#inspection.reel.environment);
    write(byId('version', HTMLSpanElement), this.#inspection.reel.rollcall);
    this.#showSide(moment);
    this.#subjectView.show(moment);
    this.#chart.show(moment);
    this.#details.offer('send', moment.hello?.maySend === true);
    this.#showDetails(moment);
    const selected = this.#subject.kind === 'thread' ? this.#subject.thread : null;
    const inSight = this.#side.current === 'threads' ? this.#threads.shown : [];
    if (moment.isLinked && !moment.isFile)
      this.#watched.watch(selected, moment.isLive ? inSight : []);
  }

  #showNotices(why: string | null): void {
    const inspection = this.#inspection;
    const { state: exported } = this.#export;
    const stand = { inspection, link: this.#link.state, why, refused: this.#refused, exported };
    byId('export', HTMLButtonElement).setAttribute('aria-disabled', String(this.#export.isBusy));
    this.#notices.show(
      noticesOf(stand, {
        save: (reel) => void this.#export.run(reel),
        putAway: () => {
          this.#export.putAway();
        },
        forget: () => {
          inspection.before = null;
          this.#painter.soon();
        },
        live: () => {
          inspection.goLive();
          this.#painter.soon();
        },
        reload: () => {
          void this.#link
            .reload()
            .catch(() => false)
            .then((isLoaded) => {
              if (isLoaded) inspection.dropped = 0;
              this.#painter.soon();
            });
        },
        dismiss: () => {
          this.#refused = null;
          this.#painter.soon();
        }
      })
    );
  }

  #showSide(moment: Moment): void {
    const { current } = this.#side;
    if (current === 'tree') {
      this.#unwell.show(moment);
      this.#tree.show(moment);
    }
    if (current === 'threads') this.#threads.show(moment);
    if (current === 'connections') this.#connections.show(moment);
    const threads = moment.isLive || moment.isFile ? this.#threads.total : null;
    write(byId('tab-threads', HTMLButtonElement), counted('Threads', threads));
    write(
      byId('tab-connections', HTMLButtonElement),
      counted('Connections', moment.isLive ? this.#connections.total : null)
    );
  }

  #showDetails(moment: Moment): void {
    switch (this.#details.current) {
      case 'context':
        this.#context.show(moment);
        return;
      case 'events':
        this.#events.show(moment);
        return;
      case 'sequence':
        this.#sequence.show(moment);
        return;
      default:
        this.#send.show(moment);
    }
  }
}

function counted(words: string, count: number | null): string {
  return count === null ? words : `${words} ${number(count)}`;
}

SECRET.takeHanded();
new InspectPage().start();
