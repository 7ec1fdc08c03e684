// The few parts that every view is made of: elements, fields, tables. Text is always text, never markup.

import { say } from './words.js';

/** Make an element: h('p', { id: 'x', onclick: … }, 'text', child, …). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A labelled control; the label is its name for everybody. */
export function field(words, control) {
  return h('label', { class: 'field' }, h('span', {}, words), control);
}

export function select(name, options, chosen = '') {
  const control = h('select', { name, id: name });
  control.append(...options.map(([value, words]) => h('option', { value, selected: value === chosen }, words)));
  return control;
}

/** A table with a caption that is read aloud and a head; `rows` are lists of cells. */
export function table(caption, heads, rows) {
  if (!rows.length) return h('p', { class: 'quiet' }, say('nothing'));
  return h('div', { class: 'wide' }, h('table', {},
    h('caption', { class: 'unseen' }, caption),
    h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell) => h('td', {}, cell)))))));
}

/** A section with a heading. */
export function card(title, ...children) {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

export function facts(pairs) {
  return h('dl', {}, pairs.filter(([, value]) => value !== '' && value !== null)
    .flatMap(([words, value]) => [h('dt', {}, words), h('dd', {}, value)]));
}

/** A form whose answer is awaited: its button waits too, and what went wrong stands under it. */
export function form(words, fields, act, attributes = {}) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const button = h('button', { type: 'submit' }, words);
  const element = h('form', { ...attributes, novalidate: true }, ...fields, button, problem);
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.textContent = '';
    button.disabled = true;
    try {
      await act(Object.fromEntries(new FormData(element)));
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
  return element;
}

export function time(text) {
  return h('time', { datetime: text }, new Date(text).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' }));
}
