/** Check 9: whoever may not is refused: a bad token, a foreign thread, and in production a reserved test thread. */
import { isDevelopment, type Bench, type Finding } from '../bench/check.js';
import { probeThread, refused } from './probe-thread.js';
import { refusalText } from '../bench/server-door.js';
import { PROBE_USER, SignInRefused } from '../bench/wire.js';

/** A thread that belongs to nobody who exists. It has an owner and no message, so nobody sees it. */
export const FOREIGN_THREAD = 'rollcall_verify_foreign';

/** Its owner. */
const NOBODY = 'rollcall-verify-nobody';

/** Shaped like a token, and signed by nobody. */
const BAD_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2xsY2FsbC12ZXJpZnkifQ.c2lnbmVkLWJ5LW5vYm9keQ';

/** Codes that refuse a bad token. */
const NOT_KNOWN: readonly string[] = ['unauthorized', 'expired', 'revoked', '3500'];

/** Answer of one of the three parts. */
interface Part {
  readonly figure: string;
  readonly fault?: string;
  readonly note?: string;
}

/** Runs the check. */
export async function checkRefusals(bench: Bench): Promise<Finding> {
  const parts = [await badToken(bench), await foreignThread(bench), await reservedThread(bench)];
  return {
    figure: parts.map(({ figure }) => figure).join(', '),
    faults: parts.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
    notes: parts.flatMap(({ note }) => (note === undefined ? [] : [note]))
  };
}

async function badToken(bench: Bench): Promise<Part> {
  const bad = await signInCode(bench, BAD_TOKEN);
  const none = await signInCode(bench, null);
  if (bad === null && none === null && isDevelopment(bench)) {
    return { figure: 'no tokens', note: 'authentication is off, as it may be in development' };
  }
  if (bad === null)
    return { figure: 'bad token accepted', fault: 'a token that nobody has signed is accepted' };
  if (none === null) return { figure: 'no token needed', fault: 'one may sign in without a token' };
  if (!NOT_KNOWN.includes(bad)) {
    return {
      figure: `bad token ${bad}`,
      fault: `a bad token is answered ${bad}, not unauthorized`
    };
  }
  return { figure: 'bad token refused' };
}

/** Returns the code with which signing in is refused; null when it is not. */
async function signInCode(bench: Bench, token: string | null): Promise<string | null> {
  try {
    (await bench.connect({ token })).drop();
    return null;
  } catch (error) {
    if (error instanceof SignInRefused) return error.code;
    throw error;
  }
}

async function foreignThread(bench: Bench): Promise<Part> {
  const good: Part = { figure: 'foreign thread refused' };
  const first = await subscribeCode(bench, FOREIGN_THREAD);
  if (first === 'forbidden') return good;
  if (first !== null) {
    return {
      figure: `foreign thread ${first}`,
      fault: `a foreign thread is answered ${first}, not forbidden`
    };
  }
  // Nobody owns it yet, so that it was a thread which anybody may create.
  const path = `api/threads/${FOREIGN_THREAD}/owner`;
  const put = { method: 'PUT', bearer: bench.apiKey, body: { owner: NOBODY } };
  const owned = await bench.door.ask(path, put);
  if (owned.status >= 300) {
    const fault =
      `a foreign thread could not be made: ${refusalText(owned)}; ` +
      (bench.apiKey === undefined ? 'give --api-key' : 'the key needs the scope manage, this once');
    return { figure: 'foreign thread not tried', fault };
  }
  if ((await subscribeCode(bench, FOREIGN_THREAD)) === 'forbidden') return good;
  const figure = 'foreign thread readable';
  return isDevelopment(bench)
    ? { figure, note: 'every user may read every thread, as it may be in development' }
    : { figure, fault: 'a user may read a thread of somebody else: see ACCESS (docs/access.md)' };
}

/** Returns the code with which a subscription is refused; null when it is not. */
async function subscribeCode(bench: Bench, thread: string): Promise<string | null> {
  const wire = await bench.connect();
  try {
    const answer = await wire.ask({ type: 'subscribe', thread, since: 'live' });
    if (answer.type === 'subscribed') return null;
    if (answer.type === 'error') return answer.code;
    throw refused('a subscription', answer);
  } finally {
    wire.drop();
  }
}

async function reservedThread(bench: Bench): Promise<Part> {
  if (bench.report.environment !== 'production')
    return { figure: 'test threads not reserved here' };
  if (bench.apiKey === undefined) {
    return {
      figure: 'reserved thread not tried',
      fault: 'a reserved thread was not tried: give --api-key'
    };
  }
  // The token of the probe may use test threads; a backend may not.
  const thread = probeThread('backend');
  const reply = await bench.door.ask(`api/threads/${thread}/messages`, {
    method: 'POST',
    bearer: bench.apiKey,
    body: { mid: `${bench.run}-reserved`, from: PROBE_USER, body: {} }
  });
  const text = refusalText(reply);
  if (text.includes('reserved_thread')) return { figure: 'reserved thread refused' };
  const hint = reply.status === 403 ? ' (the key needs the scope publish)' : '';
  return {
    figure: 'reserved thread not refused',
    fault: `a test thread is reserved in production, and was answered ${text}${hint}`
  };
}
