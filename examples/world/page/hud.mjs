// The elements around the picture that are about the match: the score, the teams, the way to the ball.

import {newsOf} from './match.mjs';
import {TEAMS} from './rules.mjs';

export class Hud {
  #element;
  #players = null;  // the map of the current connection

  // `element`: the document's.
  constructor(element) { this.#element = element; }

  // A new connection, whose players are in this map.
  begin(team, players) {
    this.#players = players;
    this.#element('team').textContent = TEAMS[team].name;
    this.#element('team').className = `team ${TEAMS[team].className}`;
    this.#element('target').textContent = TEAMS[1 - team].name;
  }

  score(score) {
    score.points.forEach((points, team) => this.#element(`points-${TEAMS[team].className}`).textContent = points);
    this.#element('news').textContent = newsOf(score, this.#players);
  }

  ball({metres, turn}) {
    this.#element('far').textContent = `${Math.round(metres)} m`;
    this.#element('arrow').style.transform = `rotate(${Math.round(turn)}deg)`;
  }
}
