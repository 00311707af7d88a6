/** The files of `deploy/` that are made of the tables of metrics and findings, by path. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { alertRules } from './alert-rules.js';
import { dashboard } from './dashboard.js';

const MADE = 'made by scripts/generated-docs.ts';

/** Returns the texts of the files, as Prettier formats them. */
export async function deployFiles(): Promise<ReadonlyMap<string, string>> {
  const texts = [
    ['deploy/prometheus/rules.yml', `# ${MADE}\n${stringify(alertRules())}`],
    ['deploy/grafana/rollcall.json', JSON.stringify(dashboard())]
  ] as const;
  return new Map(
    await Promise.all(
      texts.map(async ([path, text]): Promise<[string, string]> => {
        const filepath = fileURLToPath(new URL(`../../${path}`, import.meta.url));
        return [path, await format(text, { ...(await resolveConfig(filepath)), filepath })];
      })
    )
  );
}
