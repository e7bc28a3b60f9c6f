/**
 * How guests come to be: one is booted with the prelude at build time and photographed; at run time a guest is a fresh
 * memory with that photograph stamped into it (docs/adr/0006).
 */
import { ENTRIES, type Gauge, Guest } from './guest.ts';
import { fillHoles } from './heap-holes.ts';
import type { EngineFactory } from './instance.ts';
import { readBreak, type Snapshot, stampSnapshot, takeSnapshot } from './snapshot.ts';

/** Boots one guest, runs the prelude in it and takes its snapshot: what the build does, once. */
export function bootTemplate(
  factory: EngineFactory,
  prelude: string,
  memoryBytes: number,
  stackBytes: number,
): Snapshot {
  const template = factory.create(memoryBytes, {
    hostCall: () => undefined,
    shouldInterrupt: () => false,
    growthLimitBytes: () => memoryBytes,
    growthRefused: () => undefined,
  });
  const { breakAddress } = factory.build;
  const heapStart = readBreak(template.memory, breakAddress);
  const entries = template.boot(stackBytes, prelude);
  if (entries.threw) throw new Error('the prelude failed in the guest');
  const pointers = ENTRIES.map((index) => template.element(entries.pointer, index));
  fillHoles(template, readBreak(template.memory, breakAddress));
  return takeSnapshot(template, pointers, { breakAddress, heapStart });
}

/** Makes guests: a fresh memory, the snapshot stamped into it. Nothing of an engine is built at run time. */
export class GuestMaker {
  readonly #factory: EngineFactory;
  readonly #memoryBytes: number;
  readonly #snapshot: Snapshot;

  /** `memoryBytes` is the hard maximum of every guest's memory; one run may ask for less. */
  constructor(factory: EngineFactory, snapshot: Snapshot, memoryBytes: number) {
    this.#factory = factory;
    this.#snapshot = snapshot;
    this.#memoryBytes = memoryBytes;
  }

  make(): Guest {
    const gauge: Gauge = { guest: undefined, limitBytes: this.#memoryBytes, refused: false };
    const instance = this.#factory.create(this.#memoryBytes, {
      hostCall: (text) => gauge.guest?.hostCall(text),
      shouldInterrupt: () => gauge.guest?.shouldInterrupt() ?? false,
      growthLimitBytes: () => Math.min(gauge.limitBytes, this.#memoryBytes),
      growthRefused: () => {
        gauge.refused = true;
      },
    });
    stampSnapshot(this.#snapshot, instance.memory);
    instance.adopt(this.#snapshot.template);
    return new Guest(instance, this.#snapshot, gauge, this.#factory.build.jobListOffset);
  }
}
