/** HTTP API of revoked tokens, for operators. Each change is an entry of the audit log. */
import type { NoteLimited } from '../../limits/limited.js';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../../actors/clock.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Audit } from '../../../actors/upkeep/audit.js';
import type { Identity } from '../../access/identity.js';
import {
  TOKEN_ID_MAX,
  TooManyRevokedError,
  type Revocations,
  type Revoked
} from '../../access/revocations.js';
import type { ApiAccess } from '../../auth/api-access.js';
import { json, problem } from '../../transport/problem.js';
import type { HttpReply } from '../../transport/transport.js';
import { guarded, type Asked, type Route } from '../route-table.js';
import { notStored, requestFaults } from './request-faults.js';
import { actorOf } from './upkeep/acting.js';
import { BAD_USER, userOf } from './user-part.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

/** Longest request body, in bytes: a time and an id. */
export const REVOKE_BODY_BYTES = 4_096;

/** Options of {@link createRevocationsApi}. */
export interface RevocationsApiOptions {
  readonly access: Pick<ApiAccess, 'operator'>;
  readonly revocations: Revocations;
  readonly audit: Pick<Audit, 'note'>;
  readonly incidents: Pick<Incidents, 'note'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Body of `POST /api/users/{user}/revoke`; without either, all tokens that were issued up to now are revoked. */
export const RevokeBody = Type.Object({
  before: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  jti: Type.Optional(Type.String({ minLength: 1, maxLength: TOKEN_ID_MAX }))
});
const revokeBody = Compile(RevokeBody);

/** Returns the routes of `/api/users/{user}/revoke`. */
export function createRevocationsApi(options: RevocationsApiOptions): Route[] {
  const { access, revocations, audit, clock } = options;
  const failed = requestFaults(options, (error) =>
    error instanceof TooManyRevokedError ? problem('too_large', error.message) : notStored(error)
  );
  const row = (
    method: string,
    answer: (asked: Asked, user: string, caller: Identity) => Promise<Revoked | HttpReply> | Revoked
  ): Route =>
    guarded<Identity, 'revoke'>({
      methods: [method],
      path: '/api/users/{user}/revoke',
      refuses: (asked) => (userOf(asked) === null ? BAD_USER : null),
      scope: 'revoke',
      access: (request, scope) => access.operator(request, scope),
      handler: async (asked, caller) => {
        const user = userOf(asked) ?? '';
        const answered = await answer(asked, user, caller);
        return 'status' in answered ? answered : json(200, { user, ...answered });
      },
      failed
    });
  return [
    row('GET', (_, user) => revocations.of(user)),
    row('DELETE', (_, user, caller) =>
      revocations.lift(user, () =>
        audit.note({ action: 'tokens.accept', by: actorOf(caller), detail: { user } })
      )
    ),
    row('POST', async ({ request }, user, caller) => {
      const text = await request.body(REVOKE_BODY_BYTES);
      const body = text.trim() === '' ? {} : parsedJson(text);
      if (body === null) return problem('bad_json');
      if (!revokeBody.Check(body)) {
        const [first] = revokeBody.Errors(body);
        return problem('bad_frame', `${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim());
      }
      const { jti = null } = body;
      // Without either: all that were issued up to now.
      const before = body.before ?? (jti === null ? clock.now() : null);
      return await revocations.revoke(user, before, jti, () =>
        audit.note({
          action: 'tokens.revoke',
          by: actorOf(caller),
          detail: { user, before, jti }
        })
      );
    })
  ];
}
