/** HTTP API of webhooks that were given up: operators read them, send them again or drop them. */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Webhooks } from '../../../actors/webhooks/webhooks.js';
import type { ApiAccess } from '../../auth/api-access.js';
import type { NoteLimited } from '../../limits/limited.js';
import { json, problem } from '../../transport/problem.js';
import type { HttpReply } from '../../transport/transport.js';
import { guarded, type Route } from '../route-table.js';
import { notStored, requestFaults } from './request-faults.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

/** Most letters of one answer, and of one change. */
export const LETTERS_PAGE = 100;

/** Longest request body, in bytes: as many numbers. */
const BODY_BYTES = 4_096;

/** Options of {@link createWebhooksApi}. */
export interface WebhooksApiOptions {
  readonly access: ApiAccess;
  /** Null when there are none. */
  readonly webhooks: Pick<Webhooks, 'letters' | 'sendAgain' | 'drop'> | null;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Body of a change. */
export const ChangeBody = Type.Object({
  letters: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: LETTERS_PAGE
  })
});

const changeBody = Compile(ChangeBody);

/** Returns the routes below `/api/webhooks/letters`. */
export function createWebhooksApi(options: WebhooksApiOptions): Route[] {
  const { access, webhooks } = options;
  const failed = requestFaults(options, notStored);
  const change = (path: string, made: (seqs: readonly number[]) => Promise<number>): Route =>
    guarded({
      methods: ['POST'],
      path: `/api/webhooks/letters/${path}`,
      scope: 'manage',
      access: (request, scope) => access.backend(request, scope),
      handler: async ({ request }) => {
        if (webhooks === null) return OFF;
        const body = parsedJson(await request.body(BODY_BYTES));
        if (body === null) return problem('bad_json');
        if (!changeBody.Check(body)) {
          const [first] = changeBody.Errors(body);
          return problem(
            'bad_frame',
            `${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim()
          );
        }
        return json(200, { [path === 'send' ? 'sent' : 'dropped']: await made(body.letters) });
      },
      failed
    });
  const known = (seqs: readonly number[]) =>
    [...new Set(seqs)].flatMap((seq) =>
      (webhooks?.letters(seq - 1, 1) ?? []).filter((letter) => letter.seq === seq)
    );
  return [
    guarded({
      methods: ['GET'],
      path: '/api/webhooks/letters',
      scope: 'reports',
      access: (request, scope) => access.backend(request, scope),
      handler: ({ request }) => {
        if (webhooks === null) return OFF;
        const after = new URLSearchParams(request.query).get('after') ?? '0';
        if (!/^\d{1,15}$/.test(after)) return problem('bad_frame', 'after must be a whole number');
        const letters = webhooks.letters(Number(after), LETTERS_PAGE);
        return json(200, {
          letters: letters.map(({ at, givenUpAt, ...letter }) => ({
            ...letter,
            at: new Date(at).toISOString(),
            givenUpAt: new Date(givenUpAt).toISOString()
          })),
          next: letters.length < LETTERS_PAGE ? null : (letters.at(-1)?.seq ?? null)
        });
      },
      failed
    }),
    change('send', async (seqs) => {
      const letters = known(seqs);
      await webhooks?.sendAgain(letters);
      return letters.length;
    }),
    change('drop', async (seqs) => {
      const letters = known(seqs);
      await webhooks?.drop(letters.map(({ seq }) => seq));
      return letters.length;
    })
  ];
}

const OFF: HttpReply = problem('not_found', 'there are no webhooks: set WEBHOOK_URL');
