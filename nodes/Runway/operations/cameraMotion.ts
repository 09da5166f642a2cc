import type { INodeProperties } from 'n8n-workflow';

import { decimal } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';

/** The six camera movements of the compatibility routes. */
export function cameraMotionField(): INodeProperties {
	return {
		displayName: 'Camera Motion',
		name: 'cameraMotion',
		type: 'collection',
		placeholder: 'Add Movement',
		default: {},
		description: "How the camera moves. Each movement ranges from -10 to 10. What you don't add stays still.",
		options: [
			cameraMovement('Horizontal (X)', 'x', 'Negative moves left, positive moves right'),
			cameraMovement('Pan Horizontal', 'bgXPan', 'Turns the camera left or right'),
			cameraMovement('Pan Vertical', 'bgYPan', 'Turns the camera up or down'),
			cameraMovement('Roll (R)', 'r', 'Rotates the image'),
			cameraMovement('Vertical (Y)', 'y', 'Negative moves down, positive moves up'),
			cameraMovement('Zoom (Z)', 'z', 'Negative moves away, positive moves closer'),
		],
	};
}

function cameraMovement(displayName: string, name: string, description: string): INodeProperties {
	return {
		displayName,
		name,
		type: 'number',
		typeOptions: { minValue: -10, maxValue: 10, numberPrecision: 1 },
		default: 0,
		description,
	};
}

/** Schema of the field. */
export function cameraMotion() {
	const amount = z.optional(decimal(-10, 10));
	const movements = { x: amount, y: amount, z: amount, r: amount, bgXPan: amount, bgYPan: amount };
	return z.optional(z.object(movements, 'must be a collection of movements'));
}

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
