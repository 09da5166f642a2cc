import { batch } from './sections/batch';
import { cadence } from './sections/cadence';
import { executions } from './sections/executions';
import { load } from './sections/load';
import { loop } from './sections/loop';
import { memory } from './sections/memory';
import { polls } from './sections/polls';
import { register } from './sections/register';
import type { Section } from './section';

/** The benchmark behind `npm run bench`. */

export { Bench } from './bench';

export const sections: readonly Section[] = [cadence, batch, memory, loop, executions, register, polls, load];
