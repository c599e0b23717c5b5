// Elements, and bytes as text.

// An element with a class, and with children: elements or text, which is never interpreted as HTML.
export function make(tag, className = '', ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

// A link to the section of the RFC.
export function sectionLink(rfc, section) {
  const link = make('a', 'section', rfc === '6455' ? `§ ${section}` : `RFC ${rfc} § ${section}`);
  link.href = `https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}`;
  link.target = '_blank';
  link.rel = 'noreferrer';
  link.title = `RFC ${rfc}, section ${section}`;
  return link;
}

export const bytesOf = (hex) => hex.match(/../g) ?? [];
export const spaced = (hex) => bytesOf(hex).join(' ');
export const count = (number, what) => `${Number(number).toLocaleString('en')} ${what}${Number(number) === 1 ? '' : 's'}`;

// A byte as an ASCII character, or a dot.
export function character(hex) {
  const code = parseInt(hex, 16);
  return code > 0x20 && code < 0x7f ? String.fromCharCode(code) : code === 0x20 ? '␣' : '·';
}
