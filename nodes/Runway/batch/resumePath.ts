/** Last path segment of the address that wakes a sleeping execution up; the node's webhook listens to it. */
export const RESUME_PATH = 'runway-resume';
