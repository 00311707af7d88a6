/** The settings of webhooks. */
import { WEBHOOK_TYPES } from '../../actors/webhooks/webhook-event.js';
import { flag, httpUrl, list, secret } from './setting.js';

/** The settings, by their key in the configuration. */
export const WEBHOOK_SETTINGS = {
  webhookUrl: httpUrl({
    name: 'WEBHOOK_URL',
    doc: 'where events are sent by POST, outside development by https or to this machine; needs WEBHOOK_SECRET',
    form: 'an http(s) URL',
    fallbackText: 'none'
  }),
  webhookSecret: secret({
    name: 'WEBHOOK_SECRET',
    doc: 'key of the signatures of webhooks: whsec_ and base64, or any text'
  }),
  webhookEvents: list(
    (item) => WEBHOOK_TYPES.find((known) => known === item),
    `a comma list of ${WEBHOOK_TYPES.join(', ')}`,
    {
      name: 'WEBHOOK_EVENTS',
      doc: 'types of events that are sent',
      fallback: [],
      fallbackText: 'all'
    }
  ),
  webhookThreads: list(
    readPattern,
    'a comma list of thread ids in which * stands for any characters',
    {
      name: 'WEBHOOK_THREADS',
      doc: 'threads whose events are sent; test threads never are',
      fallback: [],
      fallbackText: 'all'
    }
  ),
  webhookAllowPrivate: flag({
    name: 'WEBHOOK_ALLOW_PRIVATE',
    doc: 'whether the receiver, or where it redirects to, may have an address that is not of the public internet',
    fallback: {
      text: 'development: true, else false',
      of: ({ environment }) => environment === 'development'
    }
  })
};

function readPattern(item: string): string | undefined {
  return /^[A-Za-z0-9._:@*-]{1,128}$/.test(item) ? item : undefined;
}
