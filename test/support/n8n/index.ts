export { type Credential, type CredentialTest, N8nClient, REGISTER_SCOPES, type RunOptions } from './client';
export { N8nCompanion, startCompanion } from './companion';
export { binaryOf, describe, errorOf, type Execution, isEnded, outputOf } from './executions';
export { logFileOf } from './launch';
export { isQueueMode, startInMode, type Started } from './mode';
export { type N8n, PortInUseError, startN8n, type StartOptions } from './n8n';
export { freePort, isPortFree } from './ports';
export {
	cacheFolder,
	installedN8n,
	type InstalledN8n,
	newestN8n,
	projectManifest,
	projectRoot,
	readJson,
} from './project';
export { N8nHttpError } from './session';
export { type QueueMode, type QueueModeOptions, startQueueMode } from './queueMode';
export { sharedN8n } from './shared';
export { isVersionAtLeast } from './version';
export type { CredentialReference, WorkflowFile } from './workflows';
