import { FenceBackend, type HostLink } from './fence-backend.js';
import {
  forgetConnections,
  forgetConnectionsBut,
  ipLinks,
  nftAccepts,
  nftApply,
  nftList,
  type ToolCall,
  type ToolResult,
} from './fence-tools.js';

/** A backend that runs `nft`, `conntrack` and `ip`; where they run is the subclass's business. */
export abstract class ToolBackend extends FenceBackend {
  protected abstract run(call: ToolCall): Promise<ToolResult>;

  readonly #run = (call: ToolCall) => this.run(call);

  links(): Promise<HostLink[]> {
    return ipLinks(this.#run);
  }

  apply(script: string): Promise<void> {
    return nftApply(this.#run, script);
  }

  accepts(script: string): Promise<boolean> {
    return nftAccepts(this.#run, script);
  }

  list(family: 'inet' | 'bridge', table: string): Promise<string | null> {
    return nftList(this.#run, family, table);
  }

  forgetConnections(range: string): Promise<void> {
    return forgetConnections(this.#run, range);
  }

  forgetConnectionsBut(range: string, kept: ReadonlySet<string>): Promise<void> {
    return forgetConnectionsBut(this.#run, range, kept);
  }
}
