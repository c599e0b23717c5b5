// No DOM: page_test.js runs it in Node.js.

const hex = (byte) => byte.toString(16).padStart(2, '0');

// The server sends a text so short whole and uncompressed: this is its frame (RFC 6455, section 5.2).
export function frameOf(text) {
  const payload = new TextEncoder().encode(text);
  return [0x81, payload.length, ...payload].map(hex);
}
