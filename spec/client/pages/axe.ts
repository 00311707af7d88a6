/** Checks the accessibility of a page with axe-core, in light and dark. */
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** The color schemes of a page. */
export const SCHEMES = ['light', 'dark'] as const;

const IMPACTS: readonly unknown[] = ['serious', 'critical'];

/**
 * Checks the page in its present state; returns a line for each serious or critical violation. The debugger injects
 * the script, since the page's content security policy does not apply to it.
 */
export async function accessibilityProblems(
  page: Page,
  schemes: readonly (typeof SCHEMES)[number][] = SCHEMES
): Promise<string[]> {
  const problems: string[] = [];
  await page.evaluate(axe.source);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>(
      "axe.run(document, { resultTypes: ['violations'] })"
    );
    for (const { id, impact, help, nodes } of violations) {
      if (!IMPACTS.includes(impact)) continue;
      const where = nodes.map(({ target }) => target.join(' ')).join(', ');
      problems.push(`${colorScheme}: ${id} (${String(impact)}): ${help}: ${where}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  return problems;
}
