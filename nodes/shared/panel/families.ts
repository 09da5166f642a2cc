/** The names of the operations that create tasks, by API family, as text. */
export const familyNames = {
	compatibility: 'Text to Video, Image to Video (Camera Motion), Restyle and Act-One',
	official: 'Image to Video, Video to Video (Aleph), Character Performance (Act-Two), Upscale and Generate (Image)',
} as const;
