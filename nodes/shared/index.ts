/**
 * What the nodes share. The build makes one file of it that every node loads, so that it is shipped and
 * kept in memory once. Sources import the single files, which keeps lint's arrows between the rooms.
 */
export * from './api/balance';
export * from './api/client';
export * from './api/explain';
export * from './api/problem';
export * from './api/redact';
export * from './api/route';
export * from './api/send';
export * from './api/transport';
export * from './files/download';
export * from './item/deliver';
export * from './item/output';
export * from './panel/families';
export * from './panel/runFields';
export * from './panel/taskFields';
export * from './panel/triggerFields';
export * from './task/failure';
export * from './task/ids';
export * from './task/json';
export * from './task/parse';
export * from './task/refusal';
export * from './task/task';
export * from './trigger/errors';
export * from './trigger/events';
export * from './trigger/settings';
export * from './trigger/told';
export * from './wait/cadence';
export * from './wait/limit';
export * from './wait/pause';
export * from './wait/watch';
