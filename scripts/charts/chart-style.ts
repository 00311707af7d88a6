/**
 * Makes the style sheet of a chart's picture from the colours of the pages, for light and dark. Many programs that show
 * pictures do not know `light-dark()`, so a media query takes its place.
 */
import { readFileSync } from 'node:fs';

const DECLARATION = /(--[\w-]+):\s*([^;]+);/g;
const COMMENT = /\/\*.*?\*\//gs;
const VALUE = String.raw`((?:[^(),]|\([^)]*\))+)`;
const LIGHT_DARK = new RegExp(String.raw`^light-dark\(${VALUE},${VALUE}\)$`);

function readStyle(file: string): string {
  return readFileSync(new URL(`../../client/pages/${file}`, import.meta.url), 'utf8').replace(
    COMMENT,
    ''
  );
}

/** Returns the style sheet: the variables that the rules use, their dark values, and the rules. */
export function chartStyle(): string {
  const looks = readStyle('inspect/chart/chart-svg.css');
  const rules = looks.replace(DECLARATION, '').replace(/\s+/g, ' ').trim();
  const used = [...`${readStyle('shared/theme.css')}${looks}`.matchAll(DECLARATION)].flatMap(
    ([, name = '', value = '']) => {
      if (!rules.includes(`var(${name})`)) return [];
      const [, light = value, dark = null] = LIGHT_DARK.exec(value) ?? [];
      return [{ name, light: light.trim(), dark: dark?.trim() ?? null }];
    }
  );
  const light = used.map((variable) => `${variable.name}: ${variable.light};`);
  const dark = used.flatMap((variable) =>
    variable.dark === null ? [] : [`${variable.name}: ${variable.dark};`]
  );
  return [
    `.chart { ${light.join(' ')} }`,
    `@media (prefers-color-scheme: dark) { .chart { ${dark.join(' ')} } }`,
    rules.replaceAll('} ', '}\n')
  ].join('\n');
}
