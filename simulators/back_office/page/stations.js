// The stations by code, read once.

import { read } from './api.js';
import { titled } from './words.js';

let known = null;

/** Return all stations by code. */
export async function stations() {
  known ??= new Map((await read('stations')).stations.map((station) => [station.code, station]));
  return known;
}

/** A station's name; `stations` must have been awaited. */
export function stationName(code) {
  return titled(known?.get(code)?.title) || code;
}
