import { expect } from 'chai';
import { Audit, AUDIT_MAX, type AuditAction } from '../../../actors/upkeep/audit.js';
import { MemoryLog } from '../log/memory-log.js';

const action = (target: number): AuditAction => ({
  action: 'message.erase',
  by: { user: 'olga', key: null },
  detail: { target }
});

describe('Audit', () => {
  const clock = { now: () => 7 };
  const targets = (audit: Audit, before: number, limit: number) => {
    const { entries, more } = audit.page(before, limit);
    return { targets: entries.map(({ detail }) => detail['target']), more };
  };

  it('has its entries in pages, newest first, also after a restart', async () => {
    const log = new MemoryLog();
    const audit = new Audit({ log, clock });
    for (const target of [1, 2, 3]) await audit.note(action(target));
    const again = new Audit({ log, clock });
    await again.note(action(4));
    expect(again.page(Infinity, 1)).to.eql({
      entries: [{ seq: 4, at: 7, ...action(4) }],
      more: true
    });
    expect(targets(again, 4, 2)).to.eql({ targets: [3, 2], more: true });
    expect(targets(again, 2, 2)).to.eql({ targets: [1], more: false });
  });

  it('removes the oldest entries beyond its bound', () => {
    const audit = new Audit({ log: new MemoryLog(), clock });
    for (let seq = 1; seq <= AUDIT_MAX; seq++) expect(audit.records(action(seq))).to.have.length(1);
    const [added, removed] = audit.records(action(0));
    expect(added?.id).to.equal(String(AUDIT_MAX + 1).padStart(12, '0'));
    expect(removed).to.include({ id: '000000000001', text: null });
  });

  it('keeps the action of an entry that is too long', async () => {
    const audit = new Audit({ log: new MemoryLog(), clock });
    await audit.note({ ...action(1), detail: { word: 'x'.repeat(5_000) } });
    const { entries } = audit.page(Infinity, 1);
    expect(entries[0]).to.deep.include({ action: 'message.erase', detail: { cut: true } });
  });
});
