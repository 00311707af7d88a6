import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import type { Route } from '../../../server/http/route-table.js';

const SERVER = new URL('../../../server/', import.meta.url);

/** Where parts make their routes. `Http` itself has only probes, `/status` and pages. */
const FOLDERS = ['http/', 'inspector/'];

/** A method and a path as the table has it, with `{names}` for its parts. */
export type MadeRoute = readonly [method: string, path: string];

/** Every route that a file of the server makes: a new file needs no mention here. */
export async function madeRoutes(): Promise<MadeRoute[]> {
  const rows = await madeRows();
  return rows.flatMap(({ methods, path }) => methods.map((method): MadeRoute => [method, path]));
}

/** Every row of the route table that a file of the server makes. */
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
  const options = { clock: { elapsed: () => 0 }, clickhouse: { store: null } };
  return makers.flatMap(([, make]) => make(options));
}
