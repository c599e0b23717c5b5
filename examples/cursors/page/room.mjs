// The cursors of one connection; another connection starts over.

import {Ink} from './ink.mjs';
import {LATE, ServerClock, Track} from './interpolation.mjs';
import {SPACE, VERSION, dispatch, encodeMove, encodeName, encodePing} from './protocol.mjs';
import {Ripples} from './ripples.mjs';

const IDLE_AFTER = 10_000;  // milliseconds
const IDLE_OPACITY = 0.3;
const FADE_OVER = 600;

const ageOf = (since, now) => Math.min(Math.max((now - since) / FADE_OVER, 0), 1);

export class Room {
  own = null;  // the number of our cursor
  // By number, without ours: {track, ink, ripples, since: its arrival, heard: the last message about it, gone: when it
  // left, or null}.
  cursors = new Map();
  names = new Map();  // by number: {text, bot}
  #socket;
  #panel;
  #named;
  #clock = new ServerClock();
  #heard = 0;

  // Calls `named(name)` with the name of our cursor when the server has welcomed this client, and when it changes.
  constructor(socket, panel, named) {
    this.#socket = socket;
    this.#panel = panel;
    this.#named = named;
  }

  receive(buffer, now) {
    this.#panel.received(buffer.byteLength);
    dispatch(buffer, {
      welcome: ({version, own, name}) => {
        if (version !== VERSION) throw new Error(`the server speaks version ${version}, the page ${VERSION}: load it again`);
        this.own = own;
        this.#named(name);
      },
      changes: ({all, time, changes}) => {
        this.#heard = (this.#heard + 1) & 0xff;
        const sent = this.#clock.heard(time, now);
        if (all) this.#keep(new Set(changes.map(({id}) => id)), now);
        for (const change of changes) this.#apply(change, sent, now);
      },
      pong: (number) => this.#panel.pong(number, now),
    });
  }

  // All others are gone.
  #keep(ids, now) {
    for (const [id, cursor] of this.cursors) if (!ids.has(id)) cursor.gone ??= now;
  }

  #apply({id, gone, name, age, x, y, pen, clicks}, sent, now) {
    if (name) {
      this.names.set(id, name);
      if (id === this.own) this.#named(name.text);
      return;
    }
    if (id === this.own) return;
    let cursor = this.cursors.get(id);
    if (gone) {
      if (cursor) cursor.gone ??= now;
      return;
    }
    if (!cursor || cursor.gone !== null) {
      this.cursors.set(id, cursor = {track: new Track(), ink: new Ink(), ripples: new Ripples(), since: now, gone: null});
    }
    const point = {time: sent - age, x: x / SPACE, y: y / SPACE};
    cursor.track.add(point);
    cursor.ink.add(point, pen);
    cursor.ripples.heard(point, clicks);
    cursor.heard = now;
  }

  // A hidden page sends nothing. The server then soon stops sending too, because nothing is confirmed.
  get #speaks() { return this.#socket.readyState === WebSocket.OPEN && document.visibilityState === 'visible'; }

  move(place) { if (this.#speaks) this.#send(encodeMove(this.#heard, place)); }
  ping(now) { if (this.#speaks) this.#send(encodePing(this.#heard, this.#panel.ping(now))); }
  rename(utf8) { if (this.#socket.readyState === WebSocket.OPEN) this.#send(encodeName(utf8)); }

  #send(message) {
    this.#socket.send(message);
    this.#panel.sent(message.byteLength);
  }

  placeOf(id, now) { return this.cursors.get(id)?.track.at(this.#clock.at(now) - LATE); }

  // `own` is where our cursor is, or null: in a crowd only those near it have their names shown.
  draw(stage, now, own) {
    const crowd = this.cursors.size > stage.mostNames;
    const shown = this.#clock.at(now) - LATE;
    for (const [id, {track, ink, ripples, since, heard, gone}] of this.cursors) {
      const idle = 1 - (1 - IDLE_OPACITY) * ageOf(heard + IDLE_AFTER, now);
      const opacity = ageOf(since, now) * idle * (gone === null ? 1 : 1 - ageOf(gone, now));
      stage.drawInk(id, ink.lines(shown, track.at(shown)));
      stage.drawRipples(id, ripples.at(shown));
      const named = !crowd || own !== null && stage.isNear(own, track.at(shown));
      stage.draw(id, (ago) => track.at(shown - ago), {opacity, name: this.names.get(id), named});
      if (gone !== null && ageOf(gone, now) === 1) {
        this.cursors.delete(id);
        this.names.delete(id);
      }
    }
  }

  marksOf(id, now) {
    const shown = this.#clock.at(now) - LATE;
    const {track, ink, ripples} = this.cursors.get(id);
    return {lines: [...ink.lines(shown, track.at(shown))].length, rings: ripples.at(shown).length};
  }

  // Those that are present, without ours: {people, bots}, the numbers of their cursors.
  get present() {
    const ids = [...this.cursors].filter(([, {gone}]) => gone === null).map(([id]) => id);
    const isBot = (id) => this.names.get(id)?.bot ?? false;
    return {people: ids.filter((id) => !isBot(id)), bots: ids.filter(isBot)};
  }
}
