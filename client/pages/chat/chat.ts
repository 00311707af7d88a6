/** The chat page: one client, one open thread at a time, and the parts of the page that show them. */
import { connect, type Client, type ClientState } from '../../sdk/client.js';
import { Account } from './account.js';
import { AgentChoice } from './agents/choice/agent-choice.js';
import { EditMode } from './agents/edit-mode.js';
import { Meanwhile } from './agents/meanwhile.js';
import { TRIAL_AGENT, TRIAL_TEXT, TryAgent } from './agents/choice/try-agent.js';
import { Banner } from './banner.js';
import { Composer } from './composer.js';
import { byId } from '../shared/element.js';
import { askFacts } from '../shared/server-facts.js';
import { LogView, NO_CONTENT } from './log/log-view.js';
import { MessageMenu } from './log/message-menu.js';
import { ForbiddenView } from './members/forbidden-view.js';
import { MembersPanel } from './members/members-panel.js';
import { Notice } from './notice.js';
import { messageText } from './words/message-text.js';
import { presenceWords, typingWords } from './words/presence-words.js';
import { Remembered } from './remembered.js';
import { Room } from './room.js';
import { hashOfThread, messageOfHash, threadOfHash, type MessagePlace } from './route.js';
import { spokenWords } from './words/run-words.js';
import { safeName } from '../../sdk/safe-name.js';
import { Sidebar } from './sidebar.js';
import { isNews, ThreadList } from './thread-list.js';

/** How often a visible page checks other threads for new messages, in milliseconds. */
const NEWS_MS = 5_000;

/** Most threads whose unsent text is kept; the thread left longest ago is forgotten first. */
const UNSENT_MAX = 50;

class ChatPage {
  readonly #remembered = new Remembered(
    () => sessionStorage,
    () => localStorage
  );
  readonly #app = byId('app', HTMLDivElement);
  readonly #title = byId('title', HTMLHeadingElement);
  readonly #present = byId('present', HTMLParagraphElement);
  readonly #typing = byId('typing', HTMLParagraphElement);
  readonly #spoken = byId('spoken', HTMLParagraphElement);
  readonly #unsent = new Map<string, string>();
  readonly #facts = askFacts();
  readonly #account = new Account(this.#remembered, this.#facts, {
    signedIn: () => {
      this.#connect();
    },
    signedOut: () => {
      this.#leave();
    },
    isInUse: () => this.#client !== null && this.#client.state.name !== 'closed',
    leaving: () => ({
      hash: location.hash,
      user: this.#user,
      thread: this.#room?.id ?? '',
      text: this.#composer.text
    })
  });
  readonly #sidebar = new Sidebar(() => {
    this.#account.ask('');
  });
  readonly #list = new ThreadList(this.#sidebar, this.#remembered, () => this.#client);
  readonly #banner = new Banner({
    reconnect: () => this.#client?.reconnectNow(),
    signIn: () => {
      this.#account.ask('');
    }
  });
  readonly #composer = new Composer({
    send: (text) => {
      if (this.#room === null) return false;
      const [agent, edits] = [this.#choice.take(), this.#editing.take()];
      const whileRunning = this.#meanwhile.take();
      this.#room.send(text, {
        ...(agent === undefined ? {} : { agent }),
        ...(edits === undefined ? {} : { edits }),
        ...(whileRunning === undefined ? {} : { whileRunning })
      });
      this.#toLatest();
      return true;
    },
    typing: (on) => this.#room?.typing(on),
    over: (text) => this.#client?.sizeOf(this.#room?.id ?? '', { text })?.over ?? 0
  });
  readonly #log = new LogView({
    older: () => void this.#room?.loadOlder(),
    latest: () => {
      this.#toLatest();
    },
    followed: () => {
      this.#watch();
    },
    retry: (mid) => this.#room?.retry(mid),
    discard: (mid) => this.#room?.discard(mid),
    menu: (message, button) => {
      this.#menu.open(message, button, this.#room?.mayEdit(message) === true);
    },
    edit: (mid) => {
      this.#composer.insert(this.#room?.takeBack(mid) ?? '');
    },
    loadGap: (gap) => void this.#room?.loadGap(gap),
    tell: (words) => {
      this.#notice.tell(words);
    },
    runs: {
      stop: (run) => this.#room?.orders.stop(run),
      withdraw: (run) => this.#room?.orders.withdraw(run),
      answer: async (run, ask, value) => {
        const fate = await this.#room?.orders.answer(run, ask, value);
        if (fate === undefined) return { isOver: true, words: '' };
        // The form goes away with its question, and takes its words with it.
        if (fate.isOver && fate.words !== '') this.#notice.tell(fate.words);
        return fate;
      },
      repeat: (run) => {
        this.#repeat(run);
      },
      turn: (run, by) => this.#room?.turn(run, by)
    }
  });
  readonly #menu = new MessageMenu(
    (words) => {
      this.#notice.tell(words);
    },
    (message) => {
      this.#editing.begin(message.mid, messageText(message).text);
    }
  );
  readonly #editing = new EditMode(this.#composer);
  readonly #meanwhile = new Meanwhile();
  readonly #notice = new Notice();
  readonly #choice = new AgentChoice({
    token: () => this.#remembered.token,
    tell: (words) => {
      this.#notice.tell(words);
    },
    changed: () => {
      this.#showPeople();
    }
  });
  readonly #trial = new TryAgent((thread, text) => {
    this.#sidebar.close();
    this.#unsent.set(thread, text);
    location.hash = hashOfThread(thread);
  });
  readonly #members = new MembersPanel();
  readonly #forbidden = new ForbiddenView(() => {
    this.#room?.thread.askAgain();
    this.#showPeople();
  });
  /** The message that the address leads to, until it is shown. */
  #target: MessagePlace | null = null;
  #client: Client | null = null;
  #room: Room | null = null;
  #user = '';
  /** Number of messages that arrived while the page was hidden. */
  #missed = 0;

  /** Starts the page with the remembered user, or asks who the user is. */
  start(): void {
    window.addEventListener('hashchange', () => {
      if (!this.#account.takeHanded()) this.#open();
    });
    window.addEventListener('online', () => this.#client?.reconnectNow());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#room?.watch(false);
      else {
        this.#missed = 0;
        this.#watch();
        this.#list.refresh();
      }
      this.#entitle();
    });
    byId('members-open', HTMLButtonElement).addEventListener('click', () => {
      if (this.#room !== null) this.#members.open(this.#room.thread, this.#user);
    });
    byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
      // The hash is the thread's.
      event.preventDefault();
      byId('composer-text', HTMLTextAreaElement).focus();
    });
    setInterval(() => {
      if (!document.hidden) this.#list.lookForNews();
    }, NEWS_MS);
    void this.#facts.then(({ hasInspector }) => {
      byId('inspector', HTMLAnchorElement).hidden = !hasInspector;
      this.#menu.hasInspector = hasInspector;
    });
    this.#list.show();
    this.#account.start();
  }

  /** Ends the connection and shows nothing of this user any more. */
  #leave(): void {
    this.#room?.leave();
    this.#room = null;
    this.#client?.close();
    this.#client = null;
    this.#forgetUser();
    this.#editing.end();
    this.#composer.text = '';
    this.#log.show(NO_CONTENT);
    this.#sidebar.user('');
    this.#present.textContent = '';
    this.#typing.textContent = '';
    this.#list.show();
  }

  /** Forgets what was the last user's: the next one may be somebody else. */
  #forgetUser(): void {
    this.#user = '';
    this.#missed = 0;
    this.#list.forget();
    this.#unsent.clear();
    this.#entitle();
  }

  #connect(): void {
    if (this.#room !== null) this.#keepUnsent(this.#room);
    this.#room = null;
    this.#client?.close();
    const client = connect(new URL('/ws', location.href).href, {
      ...this.#account.credentials,
      client: { name: 'rollcall-chat', version: '0.1.0' }
    });
    this.#client = client;
    client.on('state', (state) => {
      if (client === this.#client) this.#stated(state);
    });
    // Of a thread of one's own that nobody has open: it comes by itself.
    client.on('message', (message) => {
      if (client === this.#client) this.#list.came(message, false);
    });
    this.#stated(client.state);
  }

  #stated(state: ClientState): void {
    if (state.name === 'connected') {
      if (this.#user !== state.user || this.#room === null) {
        if (this.#user !== state.user) this.#forgetUser();
        this.#user = state.user;
        this.#sidebar.user(state.user);
        this.#open();
      }
      this.#list.refresh();
    } else if (state.name === 'closed') this.#account.over(state);
    this.#banner.show(state);
    this.#composer.measure();
    this.#app.classList.toggle('away', state.name !== 'connected');
    if (state.name === 'connected' && document.activeElement === document.body) {
      // "Reconnect now" disappears with the banner; move the keyboard focus to where it is useful.
      this.#composer.focus();
    }
    this.#showPeople();
  }

  #open(): void {
    const client = this.#client;
    if (client?.state.name !== 'connected' && this.#room === null) return;
    const id = threadOfHash(location.hash);
    this.#target = messageOfHash(location.hash);
    if (client === null || client.state.name === 'closed') return;
    if (this.#room?.id === id) {
      void this.#seek(this.#room);
      return;
    }
    if (this.#room !== null) this.#keepUnsent(this.#room);
    const room = new Room(client, id, this.#user, {
      changed: () => {
        if (room !== this.#room) return;
        this.#log.show(room.content);
        this.#watch();
        void this.#seek(room);
      },
      streamed: (rows) => {
        if (room === this.#room) this.#log.stream(rows);
      },
      run: (run) => {
        if (room !== this.#room) return;
        this.#spoken.textContent = spokenWords(run);
        this.#showPeople();
      },
      arrived: (message) => {
        if (document.hidden && message.from.user !== this.#user && isNews(message)) {
          this.#missed += 1;
        }
        this.#entitle();
        this.#list.came(message, !document.hidden && this.#log.following);
      },
      people: () => {
        if (room === this.#room) this.#showPeople();
      }
    });
    this.#room = room;
    this.#members.close();
    this.#choice.open(room.thread);
    // The message that is ready to be sent to the agent of the trial.
    const isTrial = this.#unsent.get(id) === TRIAL_TEXT;
    if (isTrial) this.#choice.prefer(TRIAL_AGENT);
    this.#trial.open(isTrial);
    this.#remembered.visit(id);
    this.#composer.text = this.#unsent.get(id) ?? this.#account.takeText(this.#user, id);
    this.#composer.thread = id;
    this.#composer.focus();
    if (isTrial) this.#composer.toStart();
    this.#title.textContent = safeName(id);
    this.#spoken.textContent = '';
    this.#log.toEnd();
    this.#log.show(room.content);
    this.#entitle();
    this.#showPeople();
    this.#list.show();
    this.#list.refresh();
  }

  /** Leads to the message that the address names, once the thread is there. */
  async #seek(room: Room): Promise<void> {
    const target = this.#target;
    if (target === null || !room.isFilled) return;
    this.#target = null;
    const isThere = await room.reach(target);
    if (room !== this.#room) return;
    if (isThere) this.#log.show(room.content);
    if (!isThere || !this.#log.reveal(target.mid)) {
      this.#notice.tell('The message that this link leads to is not here, or no longer.');
    }
  }

  #keepUnsent(room: Room): void {
    room.typing(false);
    room.leave();
    this.#unsent.delete(room.id);
    // What was being edited is not kept: it is there in its message.
    if (this.#editing.isOn) this.#composer.text = this.#editing.end();
    if (this.#composer.text.trim() !== '') this.#unsent.set(room.id, this.#composer.text);
    const [oldest] = this.#unsent.keys();
    if (this.#unsent.size > UNSENT_MAX && oldest !== undefined) this.#unsent.delete(oldest);
  }

  /** Asks for another answer. Where no agent answers any more, the one that did is named. */
  #repeat(run: string): void {
    const room = this.#room;
    const known = room?.thread.runs.find((one) => one.run === run)?.agent ?? undefined;
    const isNamed = this.#choice.agent === null || known === undefined;
    room?.repeat(run, isNamed ? known : this.#choice.take());
  }

  #toLatest(): void {
    void this.#room?.latest();
    this.#log.toEnd();
    this.#watch();
  }

  #watch(): void {
    this.#room?.watch(!document.hidden && this.#log.following);
  }

  #showPeople(): void {
    const room = this.#room;
    const agents = this.#client?.agents ?? [];
    this.#choice.show(agents);
    this.#trial.show(agents);
    if (room === null) return;
    this.#forbidden.show(room.thread, this.#user);
    const isAtWork = room.thread.runs.some(
      ({ state }) => state === 'streaming' || state === 'waiting'
    );
    this.#meanwhile.show(isAtWork, this.#choice.agent !== null);
    this.#composer.isClosed = room.thread.may?.includes('write') === false;
    if (room.thread.state === 'forbidden') this.#members.close();
    this.#typing.textContent = typingWords(room.typists);
    if (room.problem !== '')
      this.#present.textContent = `This thread cannot be read: ${room.problem}`;
    else {
      this.#present.textContent =
        room.thread.presentCount === 0
          ? ''
          : presenceWords(room.thread.present, room.thread.presentCount, this.#user);
    }
  }

  #entitle(): void {
    const missed = this.#missed > 0 ? `(${String(this.#missed)}) ` : '';
    document.title = `${missed}${safeName(this.#room?.id ?? threadOfHash(location.hash))} · Rollcall`;
  }
}

if (location.hash === '') history.replaceState(null, '', hashOfThread(threadOfHash('')));
new ChatPage().start();
