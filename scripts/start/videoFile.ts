import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeExecutionData } from 'n8n-workflow';

import type { Execution, N8nClient } from '../../test/support/n8n';

/** The finished video on this machine's disk. */
export interface VideoFile {
	videoFile: string;
	bytes: number;
}

/** Finds the video that an execution wrote to disk, or else takes it out of n8n's binary store. */
export async function findVideo(n8n: N8nClient, execution: Execution, folder: string): Promise<VideoFile | undefined> {
	const items = Object.values(execution.data.resultData?.runData ?? {}).flatMap(
		(runs) => runs.at(-1)?.data?.main?.flatMap((output) => output ?? []) ?? [],
	);
	const written = items.map(writtenFile).find((file) => file !== undefined);
	if (written !== undefined) return { videoFile: written, bytes: statSync(written).size };

	const video = items
		.flatMap(({ binary = {} }) => Object.values(binary))
		.find((file) => /^video\//.test(file.mimeType));
	if (video === undefined) return undefined;
	const content = await n8n.download(video);
	const videoFile = path.join(folder, `${execution.id}-${path.basename(video.fileName ?? 'video.mp4')}`);
	writeFileSync(videoFile, content);
	return { videoFile, bytes: content.length };
}

/** Where the node "Read/Write Files from Disk" says that it wrote an item's file. */
function writtenFile({ json }: INodeExecutionData): string | undefined {
	const { fileName } = json;
	return typeof fileName === 'string' && path.isAbsolute(fileName) && existsSync(fileName) ? fileName : undefined;
}
