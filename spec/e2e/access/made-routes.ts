import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import type { Route } from '../../../server/http/route-table.js';

const SERVER = new URL('../../../server/', import.meta.url);

/** Folder of the parts that add routes. `Http` itself has only the probes, `/status` and the pages. */
const FOLDERS = ['http/', 'inspector/', 'ai/'];

/** A method, and a path as in the route table, with `{names}` for its parameters. */
export type MadeRoute = readonly [method: string, path: string];

/** Returns the routes that the files of the server make. A new file is found by itself. */
export async function madeRoutes(): Promise<MadeRoute[]> {
  const rows = await madeRows();
  return rows.flatMap(({ methods, path }) => methods.map((method): MadeRoute => [method, path]));
}

/** Returns the rows of the route table that the files of the server make. */
export async function madeRows(): Promise<Route[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, SERVER), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}${name}`)
  );
  const modules = await Promise.all(
    files.map(async (name) => (await import(new URL(name, SERVER).href)) as object)
  );
  const makers = modules.flatMap((made) =>
    Object.entries(made).filter(([name]) => /^create.*(Api|Routes)$/.test(name))
  ) as [string, (options: unknown) => Route[]][];
  const apis = files.filter((name) => /(^|[/-])api\.ts$/.test(name));
  expect(apis).to.have.length.above(3);
  expect(makers.length).to.be.at.least(apis.length + 1);
  const options = {
    clock: { elapsed: () => 0 },
    clickhouse: { store: null },
    config: { metrics: 'token' }
  };
  return makers.flatMap(([, make]) => make(options));
}
