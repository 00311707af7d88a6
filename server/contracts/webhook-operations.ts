/** The operations of webhooks that were given up. */
import Type from 'typebox';
import { WEBHOOK_TYPES } from '../../actors/webhooks/webhook-event.js';
import { ChangeBody, LETTERS_PAGE } from '../http/api/webhooks-api.js';
import type { Operation, Operations } from './operation.js';

const Letters = Type.Object({
  letters: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      id: Type.String(),
      type: Type.Union(WEBHOOK_TYPES.map((type) => Type.Literal(type))),
      // Of incidents: `!server`.
      thread: Type.String(),
      offset: Type.Integer(),
      at: Type.String(),
      givenUpAt: Type.String(),
      reason: Type.String(),
      data: Type.Optional(Type.Unknown())
    })
  ),
  // What to ask for after these; null: there are no more.
  next: Type.Union([Type.Integer(), Type.Null()])
});

function change(id: string, summary: string, name: string): Operation {
  return {
    id,
    tag: 'upkeep',
    summary,
    body: { schema: ChangeBody, example: { letters: [1] } },
    answers: {
      200: {
        description: 'How many of them there were.',
        schema: Type.Object({ [name]: Type.Integer() })
      }
    },
    // Without WEBHOOK_URL, as where the examples are sent.
    exampleStatus: 404,
    errors: ['not_found', 'bad_json', 'bad_frame', 'too_large'],
    isForKeys: true
  };
}

/** Read them, send them again, drop them. */
export const WEBHOOK_OPERATIONS: Operations = {
  'GET /api/webhooks/letters': {
    id: 'readWebhookLetters',
    tag: 'upkeep',
    summary: 'Read the webhooks that were given up, oldest first',
    query: {
      after: {
        description: `Behind the one with this \`seq\`; an answer has at most ${String(LETTERS_PAGE)}.`,
        schema: Type.Integer({ minimum: 0 })
      }
    },
    answers: { 200: { description: 'The page.', schema: Letters } },
    exampleStatus: 404,
    errors: ['not_found', 'bad_frame'],
    isForKeys: true
  },
  'POST /api/webhooks/letters/send': change('sendWebhookLetters', 'Send webhooks again', 'sent'),
  'POST /api/webhooks/letters/drop': change(
    'dropWebhookLetters',
    'Drop webhooks that were given up',
    'dropped'
  )
};
