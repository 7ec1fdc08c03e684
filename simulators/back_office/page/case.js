// One case whole: what is known of it, and a form for each thing that this officer may do with it now.

import { act, read } from './api.js';
import { due } from './cases.js';
import { card, facts, field, form, h, select, table, time } from './parts.js';
import { signedPapers } from './signature.js';
import { stationName, stations } from './stations.js';
import { say, titled } from './words.js';

export async function showCase({ session, rest: [caseNo], again }) {
  const address = `cases/${encodeURIComponent(caseNo)}`;
  const [one, { papers: received }, all] = await Promise.all([read(address), read(`${address}/signed-papers`), stations()]);
  const send = async (path, body) => {
    await act(`${address}/${path}`, body);
    await again();
  };
  return [
    h('p', { class: 'back' }, h('a', { href: '#/cases' }, say('back'))),
    h('div', { class: 'sides' },
      h('div', {}, known(one), papers(one), signedPapers(one.case_no, received), opinions(one), way(one), history(one)),
      h('div', {}, todo(one, session, all, send))),
  ];
}

function known(one) {
  return card(`${titled(one.title) || one.service} ${one.case_no}`, facts([
    [say('state'), h('span', { class: `state ${one.state}`, id: 'state' }, say(`state.${one.state}`))],
    [say('applicant'), one.name],
    [say('id-number'), one.id_number],
    [say('phone'), one.phone],
    [say('opened'), time(one.opened_at)],
    [say('kiosk'), one.kiosk],
    [say('accepted-at'), stationName(one.station)],
    [say('due'), one.paused ? say('paused') : due(one)],
  ]));
}

function papers(one) {
  return card(say('papers'), table(say('papers'), [say('paper'), say('state'), say('form'), say('bring-by')],
    one.papers.map((paper) => [
      titled(paper.title), say(`paper.${paper.state}`), paper.form ? say(`form.${paper.form}`) : '', due(paper),
    ])));
}

function opinions(one) {
  return card(say('opinions'), ...(one.opinions.length ? one.opinions.map((said) => h('article', {},
    h('h3', {}, `${say(`opinion.${said.kind}`)}：${say(`opinion.${said.opinion}`)}`),
    facts([
      [say('officer'), said.officer === 'automatic' ? say('automatic') : said.officer],
      [say('at'), time(said.at)],
      [say('reasons'), said.reasons],
      [say('legal-basis'), said.legal_basis],
      [say('remedy'), said.remedy],
    ]))) : [h('p', { class: 'quiet' }, say('nothing'))]));
}

function way(one) {
  const here = one.whereabouts;
  if (!here) return card(say('whereabouts'), h('p', { class: 'quiet' }, say('not-circulating')));
  return card(say('whereabouts'),
    facts([
      [say('file-at'), stationName(here.file_at)],
      [say('original-at'), here.original_to
        ? say('on-the-way', stationName(here.original_at), stationName(here.original_to))
        : here.original_at ? stationName(here.original_at) : say('no-original')],
    ]),
    table(say('moves'), [say('at'), say('what'), say('from'), say('to'), say('direction'), say('officer'), say('reasons')],
      one.moves.map((move) => [
        time(move.at), say(`what.${move.what}`), stationName(move.origin), stationName(move.destination),
        say(`direction.${move.direction}`), move.officer, move.reason,
      ])));
}

function history(one) {
  return card(say('history'), h('ol', { class: 'history' }, one.history.map((step) =>
    h('li', {}, time(step.at), ' ', h('b', {}, say(`step.${step.step}`)), ' ', h('span', { class: 'quiet' }, step.detail)))));
}

function todo(one, session, all, send) {
  const forms = [
    one.may.includes('review') && reviewing(send),
    one.may.includes('decide') && deciding(send),
    one.may.includes('tell-result') && telling(one, send),
    one.may.includes('receive-original') && receiving(send),
    one.may.includes('ask-supplement') && supplement(send),
    (one.may.includes('move-file') || one.may.includes('move-original')) && moving(one, session, all, send),
  ].filter(Boolean);
  return forms.length ? forms : [card(say('to-do'), h('p', { class: 'quiet', id: 'nothing-to-do' }, say('nothing-to-do')))];
}

const OPINIONS = () => [['grant', say('opinion.grant')], ['refuse', say('opinion.refuse')]];

function words(name, rows = 3) {
  return h('textarea', { name, id: name, rows, maxlength: '1000' });
}

function reviewing(send) {
  return card(say('do.review'), form(say('do.review'), [
    field(say('opinion'), select('opinion', OPINIONS())),
    field(say('reasons'), words('reasons')),
  ], (given) => send('review', given), { id: 'review' }));
}

function deciding(send) {
  return card(say('do.decide'), h('p', { class: 'quiet' }, say('decide-hint')), form(say('do.decide'), [
    field(say('opinion'), select('opinion', OPINIONS())),
    field(say('reasons'), words('reasons')),
    field(say('legal-basis'), words('legal_basis', 2)),
  ], (given) => send('decision', given), { id: 'decide' }));
}

function receiving(send) {
  return card(say('do.receive'), form(say('do.receive'), [], () => send('original/received'), { id: 'receive' }));
}

function telling(one, send) {
  return card(say('do.tell-result'),
    h('p', { class: 'quiet' }, say(one.phone ? 'tell-result-hint' : 'no-phone-hint')),
    form(say('do.tell-result'), [], () => send('result'), { id: 'tell-result' }));
}

function supplement(send) {
  return card(say('do.supplement'), form(say('do.supplement'), [
    field(say('paper'), h('input', { name: 'title', id: 'title', maxlength: '100' })),
    field(say('code'), h('input', { name: 'code', id: 'code', maxlength: '32', spellcheck: 'false' })),
    field(say('working-days'), h('input', { name: 'days', id: 'days', type: 'number', min: '1', max: '60', value: '10' })),
  ], (given) => send('supplement-requests', { ...given, days: Number(given.days) }), { id: 'supplement' }));
}

function moving(one, session, all, send) {
  const what = [['file', 'move-file'], ['original', 'move-original'], ['both', 'move-both']]
    .filter(([, act]) => one.may.includes(act)).map(([value]) => [value, say(`what.${value}`)]);
  const others = [...all.keys()].filter((code) => code !== session.station).map((code) => [code, stationName(code)]);
  return card(say('do.move'), form(say('do.move'), [
    field(say('what'), select('what', what)),
    field(say('to'), select('to', others)),
    field(say('reasons'), h('input', { name: 'reason', id: 'reason', maxlength: '100' })),
  ], (given) => send('moves', given), { id: 'move' }));
}
