// The office's API: the session is a cookie that scripts cannot see, acts carry the CSRF token.

import { language, say } from './words.js';

let csrf = '';

export class Failed extends Error {
  constructor(status, error, words) {
    super(words);
    this.status = status;
    this.error = error;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`/v1/office/${path}`, { ...options, credentials: 'same-origin' });
  } catch {
    throw new Failed(0, 'silent', say('no-connection'));
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const words = body.message?.[language()] ?? `${response.status}`;
    throw new Failed(response.status, body.error ?? '', body.detail ? `${words} (${body.detail})` : words);
  }
  return body;
}

export function read(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined);
  const text = new URLSearchParams(given).toString();
  return ask(text ? `${path}?${text}` : path);
}

export function act(path, body) {
  const headers = { 'X-CSRF-Token': csrf, 'Idempotency-Key': crypto.randomUUID() };
  if (body === undefined) return ask(path, { method: 'POST', headers });
  headers['Content-Type'] = 'application/json';
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

const INSIDE = 'office-inside';

/** Return who is logged in, null when nobody is; nobody is asked about whom this browser never let in. */
export async function whoIsIn() {
  if (!localStorage.getItem(INSIDE)) return null;
  try {
    const session = await read('session');
    csrf = session.csrf;
    return session;
  } catch (error) {
    if (error.status !== 401) throw error;
    localStorage.removeItem(INSIDE);
    return null;
  }
}

export async function logIn(login, password) {
  const session = await act('login', { login, password });
  localStorage.setItem(INSIDE, 'yes');
  return session;
}

export async function logOut() {
  await act('logout');
  localStorage.removeItem(INSIDE);
}
