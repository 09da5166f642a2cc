export { default as pLimit } from 'p-limit';
