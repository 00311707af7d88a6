/**
 * `rollcall chat`: a chat in the terminal. When its input is no terminal, it sends the lines of a script, or asks an agent
 * what they say.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../client/sdk/clock.js';
import { completeEntry } from './chat-entry.js';
import { ChatSession } from './chat-session.js';
import { EXIT, say, type CliSeat } from '../cli-outside.js';
import { shownAddress, wordsOf } from './connection-watch.js';
import { dial, silence } from './dial.js';
import { dialFaults, type DialOrder } from './dial-order.js';
import { paintIf, wantsColours } from '../../server/logger/paint.js';
import { PlainScreen, type Screen, type ScreenEvents } from '../terminal/screen.js';
import { askLines } from './runs/ask-lines.js';
import { sendLines } from './send-lines.js';
import { safeText } from '../terminal/safe-text.js';
import { TerminalScreen } from '../terminal/terminal-screen.js';

/**
 * Chats until the user quits. Returns exit code 1 when the server refuses or messages are left unsent, 2 for a wrong
 * order.
 */
export async function runChat(order: DialOrder, seat: CliSeat): Promise<number> {
  const faults = dialFaults(order);
  if (faults.length > 0) {
    await say(seat.stderr, faults.map((fault) => `rollcall chat: ${fault}`).join('\n'));
    return EXIT.wrongUsage;
  }
  return await (seat.stdin.isTTY === true ? talk(order, seat) : pipe(order, seat));
}

async function talk(order: DialOrder, seat: CliSeat): Promise<number> {
  // Create the screen before the session, which receives what is typed.
  let session: ChatSession | null = null;
  const screen = screenFor(seat, {
    entered: (text) => session?.entered(text),
    edited: (text) => session?.edited(text),
    left: () => session?.quit()
  });
  const where = `${order.thread} at ${shownAddress(order.url)}`;
  screen.note('dim', `${where} · /help says what can be done, Ctrl-D ends`);
  const client = dial(order, seat.env, (news) => session?.news(news));
  const { thread, agent = null } = order;
  session = new ChatSession({
    client,
    clock: systemClock,
    screen,
    thread,
    agent,
    silence: (id) => silence(order, id)
  });
  const ignore = seat.onInterrupt(() => session.quit());
  try {
    const { code, words } = await session.ended;
    const paint = paintIf(wantsColours(seat.stderr, seat.env));
    for (const line of words) await say(seat.stderr, paint('red', `rollcall chat: ${line}`));
    return code;
  } finally {
    ignore();
    screen.close();
  }
}

function screenFor(seat: CliSeat, events: ScreenEvents): Screen {
  const { terminal, stdin, stdout, stderr, env } = seat;
  if (terminal !== null) {
    const paint = paintIf(wantsColours(stdout, env));
    return new TerminalScreen({ terminal, paint, complete: completeEntry, events });
  }
  // A person types, but the output is a file or a terminal that cannot draw.
  const lines = createInterface({ input: stdin, terminal: false });
  lines.on('line', (line) => events.entered(line));
  lines.on('close', () => events.left());
  return new PlainScreen(stdout, stderr, () => events.left());
}

async function pipe(order: DialOrder, seat: CliSeat): Promise<number> {
  const tell = (words: string): void => {
    seat.stderr.write(`rollcall chat: ${words}\n`, () => undefined);
  };
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const ends = new Set<'over'>();
  const client = dial(order, seat.env, (news) => {
    const words = wordsOf(news);
    if (words !== null) tell(words);
    if (news.type !== 'over') return;
    ends.add('over');
    stop();
  });
  const ignore = seat.onInterrupt(stop);
  try {
    const { thread, agent } = order;
    const given = { client, thread, input: seat.stdin, tell, stopped };
    const code =
      agent === undefined
        ? await sendLines(given)
        : await askLines({
            ...given,
            agent,
            now: () => systemClock.now(),
            print: (answer) =>
              say(seat.stdout, seat.stdout.isTTY === true ? safeText(answer) : answer)
          });
    return ends.has('over') ? EXIT.failed : code;
  } finally {
    ignore();
    client.close();
  }
}
