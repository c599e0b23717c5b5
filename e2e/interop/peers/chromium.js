'use strict';
// Chromium: `exchange URL` in its own page. It has no server.

const path = require('node:path');

const {launchChromium} = require('../../chromium.js');

const CASES = path.join(__dirname, '../../websocket_cases.js');

async function main([command, url]) {
  if (command !== 'exchange') throw new Error(`what is '${command}'?`);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({path: CASES});
    await page.evaluate((url) => websocketCases.exchange(WebSocket, url), url);
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
