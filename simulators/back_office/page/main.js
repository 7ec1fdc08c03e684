// The officers' page: who is in, which view is open. Each view is a function that returns its elements.

import { logIn, logOut, whoIsIn } from './api.js';
import { showCases } from './cases.js';
import { showCase } from './case.js';
import { showFleet } from './fleet.js';
import { showAudit, showCertificates, showMessages } from './lists.js';
import { field, form, h } from './parts.js';
import { language, say, setLanguage } from './words.js';

const VIEWS = { cases: showCases, case: showCase, messages: showMessages, certificates: showCertificates, fleet: showFleet, audit: showAudit };

let session = null;
let turn = 0;

/** Draw the view that the address names; a view that was left meanwhile is not drawn. */
async function draw() {
  const mine = ++turn;
  delete document.body.dataset.ready;
  document.documentElement.lang = language();
  document.title = say('title');
  session = await whoIsIn();
  const [name, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, ...rest] = name.split('/').map(decodeURIComponent);
  const main = h('main', { id: 'main', tabindex: '-1' });
  if (!session) {
    main.append(logInForm());
  } else {
    try {
      main.append(...await (VIEWS[view] ?? showCases)({ session, rest, query: new URLSearchParams(query), again: draw }));
    } catch (error) {
      if (error.status === 401) { draw(); return; }
      main.append(h('p', { class: 'problem', role: 'alert' }, error.message));
    }
  }
  if (mine !== turn) return;
  document.body.replaceChildren(
    h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } }, say('skip')),
    head(view || 'cases'), main);
  (session ? main : document.getElementById('login')).focus();
  document.body.dataset.ready = session ? view || 'cases' : 'login';
}

function head(view) {
  const other = language() === 'en' ? 'zh-CN' : 'en';
  const link = (name) => h('a', { href: `#/${name}`, 'aria-current': view === name ? 'page' : null }, say(`nav.${name}`));
  const names = ['cases', 'messages', 'certificates', 'fleet', ...(session?.roles.includes('auditor') ? ['audit'] : [])];
  return h('header', {},
    h('h1', {}, say('title')),
    session ? h('nav', { 'aria-label': say('title') }, names.map(link)) : null,
    h('span', { class: 'space' }),
    session ? h('span', { id: 'who' }, `${session.name} · ${session.roles.map((role) => say(`role.${role}`)).join('、')}`) : null,
    h('button', {
      id: 'language', type: 'button', class: 'plain', lang: other,
      onclick: () => { setLanguage(other); draw(); },
    }, other === 'en' ? 'English' : '中文'),
    session ? h('button', { id: 'logout', type: 'button', class: 'plain', onclick: leave }, say('log-out')) : null);
}

function logInForm() {
  const login = h('input', { name: 'login', id: 'login', autocomplete: 'username', spellcheck: 'false' });
  const password = h('input', { name: 'password', id: 'password', type: 'password', autocomplete: 'current-password' });
  return h('section', { class: 'card narrow' }, h('h2', {}, say('log-in')),
    form(say('log-in'), [field(say('login'), login), field(say('password'), password)], async (given) => {
      await logIn(given.login, given.password);
      await draw();
    }));
}

async function leave() {
  await logOut();
  location.hash = '';
  await draw();
}

addEventListener('hashchange', draw);
draw();
