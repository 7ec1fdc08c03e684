// The list of cases, with its filters in the address, so that it can be kept and gone back to.

import { read } from './api.js';
import { card, field, h, select, table, time } from './parts.js';
import { say, STATES, titled } from './words.js';

const FILTERS = ['case_no', 'state', 'at', 'overdue', 'before'];

export async function showCases({ session, query }) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
  const { cases, next } = await read('cases', asked);
  return [card(say('nav.cases'), filters(session, asked), rows(cases), next ? older(asked, next) : '')];
}

function filters(session, asked) {
  const states = [['', say('all')], ...STATES.map((state) => [state, say(`state.${state}`)])];
  const holders = [['', say('all')], [session.station, say('my-station')]];
  const overdue = h('input', { type: 'checkbox', name: 'overdue', id: 'overdue', value: 'true', checked: asked.overdue === 'true' });
  return h('form', { class: 'filters', role: 'search', onsubmit: choose },
    field(say('case-no'), h('input', { name: 'case_no', id: 'case_no', value: asked.case_no, spellcheck: 'false' })),
    field(say('state'), select('state', states, asked.state)),
    field(say('file-at'), select('at', holders, asked.at)),
    h('label', { class: 'tick' }, overdue, say('overdue')),
    h('button', { type: 'submit', id: 'search' }, say('search')));
}

function choose(event) {
  event.preventDefault();
  go(Object.fromEntries(new FormData(event.target)));
}

function go(asked) {
  const given = Object.entries(asked).filter(([, value]) => value !== '');
  location.hash = `#/cases?${new URLSearchParams(given)}`;
}

function older(asked, next) {
  return h('button', { type: 'button', id: 'older', onclick: () => go({ ...asked, before: next }) }, say('older'));
}

function rows(cases) {
  return table(say('nav.cases'),
    [say('case-no'), say('item'), say('applicant'), say('state'), say('due'), say('opened')],
    cases.map((one) => [
      h('a', { href: `#/case/${encodeURIComponent(one.case_no)}` }, one.case_no),
      titled(one.title) || one.service,
      [one.name, one.id_number].filter(Boolean).join(' '),
      h('span', { class: `state ${one.state}` }, say(`state.${one.state}`)),
      due(one),
      time(one.opened_at),
    ]));
}

/** The last day, and what is to be known of it. */
export function due(one) {
  if (!one.due) return '';
  const notes = [one.overdue ? say('overdue') : '', one.provisional ? say('provisional') : ''].filter(Boolean);
  return h('span', { class: one.overdue ? 'overdue' : '' }, [one.due, ...notes].join(' · '));
}
