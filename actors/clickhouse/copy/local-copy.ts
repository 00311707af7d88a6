/** Makes the rows of a batch as text, and gives them to ClickHouse. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { CopiedBatch, CopiedTable, RowCopy } from './row-copy.js';
import { rowsOf } from './rows.js';

/** Rows of one table as text, a JSON object in each line. */
export interface RowLines {
  readonly columns: readonly [string, ...string[]];
  readonly count: number;
  /** The lines of each piece; every line has its end. */
  readonly texts: readonly string[];
}

/** Inserts lines into a table. */
export type InsertLines = (table: CopiedTable, lines: RowLines) => Promise<void>;

/** A batch whose rows are made in this process. */
export class LocalCopy implements RowCopy {
  private readonly node: string;
  private readonly insertLines: InsertLines;
  private readonly tables = new Map<
    CopiedTable,
    { columns: RowLines['columns']; count: number; texts: string[] }
  >();

  /** @param node this node's id, stored with transitions */
  constructor(node: string, insertLines: InsertLines) {
    this.node = node;
    this.insertLines = insertLines;
  }

  add(piece: CopiedBatch): Promise<void> {
    for (const { table, columns, rows } of rowsOf(piece, this.node)) {
      if (rows.length === 0) continue;
      const lines = this.tables.get(table) ?? { columns, count: 0, texts: [] };
      this.tables.set(table, lines);
      lines.count += rows.length;
      lines.texts.push(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
    return Promise.resolve();
  }

  async insert(table: CopiedTable): Promise<number> {
    const lines = this.tables.get(table);
    if (lines === undefined) return 0;
    await this.insertLines(table, lines);
    this.tables.delete(table);
    return lines.count;
  }
}

/** Inserts lines by a client of ClickHouse, and returns the headers of its answer. */
export async function insertLines(
  client: Pick<ClickHouseClient, 'exec'>,
  table: CopiedTable,
  { columns, texts }: RowLines
): Promise<Pick<Awaited<ReturnType<ClickHouseClient['exec']>>, 'response_headers'>> {
  const names = columns.map((name) => `\`${name}\``).join(', ');
  // `insert` of the client would encode objects itself, all of them in one turn of the event loop.
  const { stream, response_headers } = await client.exec({
    query: `INSERT INTO ${table} (${names}) FORMAT JSONEachRow`,
    values: Readable.from(texts, { objectMode: false })
  });
  // The answer is empty; the connection is free when it has been read.
  await finished(stream.resume());
  return { response_headers };
}
