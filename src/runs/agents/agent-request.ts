/** What a run's `agent` asks for; stored with the run. */
export interface AgentRequest {
  kind: string;
  prompt: string;
  model?: string;
  effort?: string;
}
