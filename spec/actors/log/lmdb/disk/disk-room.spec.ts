import { expect } from 'chai';
import {
  DISK_LOOK_MS,
  DISK_LOW_BYTES,
  DiskWatch,
  isDiskLow
} from '../../../../../actors/log/lmdb/disk/disk-room.js';
import { HandClock } from '../log-fixture.js';

describe('DiskWatch', () => {
  let clock: HandClock;
  let free: () => number;
  let isNeeded: boolean;
  let low: number;
  let watch: DiskWatch;

  beforeEach(() => {
    clock = new HandClock();
    free = () => 0;
    isNeeded = true;
    low = 0;
    watch = new DiskWatch({
      clock,
      isLow: () => free() < DISK_LOW_BYTES,
      isNeeded: () => isNeeded,
      onLow: () => (low += 1)
    });
    watch.start();
  });

  it('says so at every look that finds too little', () => {
    clock.advance(DISK_LOOK_MS - 1);
    expect(low).to.equal(0);
    clock.advance(1 + DISK_LOOK_MS);
    expect(low).to.equal(2);
    free = () => DISK_LOW_BYTES;
    clock.advance(DISK_LOOK_MS);
    expect(low).to.equal(2);
  });

  it('looks once at a time when it is started twice', () => {
    watch.start();
    clock.advance(DISK_LOOK_MS);
    expect(low).to.equal(1);
  });

  it('looks no more when it is not needed or has been stopped', () => {
    isNeeded = false;
    clock.advance(DISK_LOOK_MS);
    expect(low).to.equal(0);
    watch.start();
    watch.stop();
    expect(clock.pending).to.equal(0);
  });
});

describe('isDiskLow', () => {
  it('counts a disk that cannot be looked at as roomy', () => {
    expect(isDiskLow('/there/is/no/such/folder')).to.equal(false);
  });
});
