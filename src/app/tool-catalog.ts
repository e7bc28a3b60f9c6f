/**
 * The catalogue and what stands around it: lists of tools come from the servers, pass the approvals, and are told to the
 * workers of guests.
 *
 *   fleet ─listed─▶ approvals ─shown─▶ catalogue ─▶ learned types are restored; inventory ─▶ workers
 */
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { GuestBackend } from '../sandbox/backend.ts';
import type { TextStore } from '../state/mirror.ts';
import type { Log } from '../telemetry/log.ts';
import { Catalog } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';
import type { LearnedTypes } from '../upstream/learned-types.ts';
import { ToolApprovals } from './tool-approvals.ts';

/** What is joined around the catalogue. */
export interface CatalogParts {
  readonly fleet: UpstreamFleet;
  readonly backend: GuestBackend;
  readonly learned: LearnedTypes;
  readonly store: TextStore;
  readonly redactor: Redactor;
  readonly log: Log;
}

/**
 * Every configured server is known by name from the start; its tools come when it has been listed. The workers are told
 * of many lists at once, since lists tend to come together, and in any case before the next run.
 */
export function openCatalog(
  config: Config,
  { fleet, backend, learned, store, redactor, log }: CatalogParts,
): { catalog: Catalog; approvals: ToolApprovals; tellWorkers: () => void } {
  const catalog = new Catalog((tool) => learned.of(tool));
  for (const server of config.servers) catalog.setServer(server.name, [], { effects: server.effects });
  let isNews = true;
  const tellWorkers = (): void => {
    if (isNews) backend.setInventory(catalog.inventory());
    isNews = false;
  };
  const onShown = (name: string): void => {
    // Never rejects; a type that comes late is one that the next search shows.
    void learned.restore(
      name,
      catalog.toolsOf(name).filter(({ blocked }) => blocked === undefined),
    );
    if (!isNews) setImmediate(tellWorkers);
    isNews = true;
  };
  const { servers, source } = config;
  const means = { catalog, store, redactor, log, clock: systemClock, onShown };
  const approvals = new ToolApprovals({ servers, configPath: source.path, ...means });
  fleet.onTools((name, tools) => approvals.listed(name, tools));
  return { catalog, approvals, tellWorkers };
}
