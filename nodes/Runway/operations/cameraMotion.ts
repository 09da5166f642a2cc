import * as z from 'zod/v4-mini';

import { decimal } from './checks';

const movement = () => z.optional(decimal(-10, 10));

/** Schema of the `cameraMotion` collection. */
export const cameraMotion = () =>
	z.optional(
		z.object(
			{
				x: movement(),
				y: movement(),
				z: movement(),
				r: movement(),
				bgXPan: movement(),
				bgYPan: movement(),
			},
			'must be a collection of movements',
		),
	);

type CameraMotion = z.infer<ReturnType<typeof cameraMotion>>;

/** The API's `motion_vector`, which the documentation requires in full: what was not set stands still. */
export function motionVector(motion: CameraMotion) {
	const { x = 0, y = 0, z: zoom = 0, r = 0, bgXPan = 0, bgYPan = 0 } = motion ?? {};
	return { x, y, z: zoom, r, bg_x_pan: bgXPan, bg_y_pan: bgYPan };
}

/** The vector, or nothing if no movement was added, for routes that don't require it. */
export function optionalMotionVector(motion: CameraMotion) {
	return Object.values(motion ?? {}).some((value) => value !== undefined) ? motionVector(motion) : undefined;
}
