import { agentCases } from './exec-cases.js';

agentCases(false);
