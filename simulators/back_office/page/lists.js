// Messages sent, certificates looked up, the audit trail.

import { read } from './api.js';
import { card, facts, field, form, h, table, time } from './parts.js';
import { stationName, stations } from './stations.js';
import { say } from './words.js';

export async function showMessages({ query }) {
  const { messages } = await read('messages', { case_no: query.get('case_no') ?? '' });
  return [card(say('nav.messages'), h('p', { class: 'quiet' }, say('messages-hint')),
    table(say('nav.messages'), [say('at'), say('phone'), say('words'), say('case-no')],
      messages.map((one) => [
        time(one.at), one.phone, one.words,
        h('a', { href: `#/case/${encodeURIComponent(one.case_no)}` }, one.case_no),
      ])))];
}

export async function showCertificates() {
  const verdict = h('div', { id: 'verdict', 'aria-live': 'polite' });
  return [h('section', { class: 'card narrow' }, h('h2', {}, say('nav.certificates')),
    form(say('look-up'), [
      field(say('certificate-code'), h('input', { name: 'code', id: 'code', autocomplete: 'off', spellcheck: 'false' })),
    ], async ({ code }) => {
      verdict.replaceChildren();
      const found = await read(`certificates/${encodeURIComponent(code.replace(/[\s-]/g, ''))}`);
      verdict.replaceChildren(
        h('p', { class: found.match ? 'match' : 'problem' }, say(found.match ? 'match' : 'no-match')),
        facts([
          [say('certificate'), found.kind], [say('applicant'), found.name],
          [say('issued'), found.issued], [say('valid-until'), found.valid_until],
        ]));
    }), verdict)];
}

export async function showAudit({ query }) {
  const [{ entries, whole }] = await Promise.all([read('audit', { before: query.get('before') ?? '' }), stations()]);
  const last = entries.at(-1)?.number ?? 0;
  return [card(say('nav.audit'),
    h('p', { class: whole ? 'match' : 'problem', id: 'whole' }, say(whole ? 'trail-whole' : 'trail-broken')),
    table(say('nav.audit'), ['#', say('at'), say('officer'), say('station'), say('act'), say('case-no'), say('detail')],
      entries.map((one) => [
        `${one.number}`, time(one.at), one.officer, stationName(one.station), say(`act.${one.act}`), one.case_no, one.detail,
      ])),
    last > 1 && entries.length === 100 ? h('a', { href: `#/audit?before=${last}` }, say('older')) : '')];
}
