// The papers that somebody received at a kiosk, and how they signed for them: drawn when it is asked for.

import { read } from './api.js';
import { card, h, table, time } from './parts.js';
import { say } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const PEN = 12;

/** The card of a case's signed papers, nothing for a case that has none. */
export function signedPapers(caseNo, papers) {
  if (!papers.length) return null;
  return card(say('signed-papers'), table(say('signed-papers'), [say('paper'), say('number'), say('at'), say('signature')],
    papers.map((paper) => [
      say(`signed-paper.${paper.kind}`), paper.number, time(paper.at),
      paper.signed ? looking(caseNo, paper.number) : say('not-signed'),
    ])));
}

function looking(caseNo, number) {
  const place = h('div', { class: 'signature', 'aria-live': 'polite' });
  place.append(h('button', { type: 'button', onclick: async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      const path = `cases/${encodeURIComponent(caseNo)}/signed-papers/${encodeURIComponent(number)}`;
      place.replaceChildren(drawing((await read(path)).signature));
    } catch (error) {
      place.append(h('p', { class: 'problem', role: 'alert' }, error.message));
      button.disabled = false;
    }
  } }, say('show-signature')));
  return place;
}

/** A signature as a picture of the field it was written on: a path for each stroke, a dot for a point. */
function drawing({ width, height, strokes }) {
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': say('signature') });
  picture.append(...strokes.map((stroke) => {
    const points = stroke.length > 1 ? stroke : [stroke[0], stroke[0]];
    return svg('path', { d: `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`, 'stroke-width': `${PEN}` });
  }));
  return picture;
}

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
