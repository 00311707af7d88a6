/** Looks over a page for what keeps people out of it: axe-core, in the page itself. */
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** Answers the serious and critical faults of a page as it stands now, each with its place; none is good. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // By the debugger, not as a script of the page: its content security policy stays as strict as it is.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run({ resultTypes: ['violations'] })"
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) =>
          `${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`
      )
    );
}
