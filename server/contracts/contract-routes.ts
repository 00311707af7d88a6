/** `GET /openapi.json` and `GET /asyncapi.json`: the contracts, the same for everybody. */
import type { HttpReply } from '../transport/transport.js';
import type { Route } from '../http/route-table.js';
import { asyncApi } from './asyncapi.js';
import { openApi } from './openapi.js';

const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache' };

/** Returns the routes of the documents for this version of the server. Each is made on the first request for it. */
export function createContractRoutes({ version }: { readonly version: string }): Route[] {
  const row = (path: string, make: (version: string) => object): Route => {
    let body: string | null = null;
    return {
      methods: ['GET', 'HEAD'],
      path,
      answer: (): HttpReply => ({
        status: 200,
        headers: HEADERS,
        body: (body ??= JSON.stringify(make(version)))
      })
    };
  };
  return [row('/openapi.json', openApi), row('/asyncapi.json', asyncApi)];
}
