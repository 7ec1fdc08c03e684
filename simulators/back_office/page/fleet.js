// The kiosks: how each is now, what runs out, which cases staff have to see to.

import { read } from './api.js';
import { card, h, table, time } from './parts.js';
import { say } from './words.js';

const REFRESH_MS = 15_000;

export async function showFleet({ again }) {
  const { kiosks } = await read('kiosks');
  setTimeout(() => { if (location.hash.startsWith('#/fleet')) again(); }, REFRESH_MS);
  return [card(say('nav.fleet'), h('p', { class: 'quiet' }, say('fleet-hint')),
    table(say('nav.fleet'),
      [say('kiosk'), say('state'), say('last-beat'), say('in-trouble'), say('running-out'), say('to-settle'), say('version')],
      kiosks.map((one) => [
        one.kiosk, state(one), time(one.last_at), lines(troubles(one.beat)), lines(stocks(one.beat)),
        one.open_cases.map((number) => h('a', { href: `#/case/${encodeURIComponent(number)}` }, number)),
        `${one.beat.version} · ${one.beat.configuration.slice(0, 8)}`,
      ])))];
}

function state(one) {
  const name = one.online ? one.beat.state : 'offline';
  return h('span', { class: name === 'in-service' || name === 'serving' ? 'match' : 'problem' }, say(`kiosk.${name}`));
}

function troubles({ devices, open_effects, letters_waiting, disk_free_mb }) {
  const found = devices.filter((device) => device.fault).map((device) => `${say(`device.${device.device}`)}: ${device.fault}`);
  if (open_effects) found.push(`${say('open-effects')}: ${open_effects}`);
  if (letters_waiting > 20) found.push(`${say('letters-waiting')}: ${letters_waiting}`);
  if (disk_free_mb < 1024) found.push(`${say('disk-free')}: ${disk_free_mb} MB`);
  return found;
}

function stocks({ stocks: all }) {
  return all.filter((stock) => !['ok', 'unknown'].includes(stock.level))
    .map((stock) => [`${say(`unit.${stock.unit}`)}: ${say(`level.${stock.level}`)}`,
      ...(stock.ends ? [' (', time(stock.ends), ')'] : [])]);
}

function lines(all) {
  return all.map((line) => h('div', {}, ...[line].flat()));
}
