'use strict';
// Who lives: what the checks go by, and independent of what the package believes. A flow lives while its process runs;
// the kernel is asked, unless the parent has seen the end already.

const fs = require('node:fs');
const { DOOMED, ENDED, HEAD, LIFE, LIVING } = require('./board');

/** @returns {{ state: string, running: boolean, startTime: number } | null} null: there is no such process */
function look(pid) {
  let stat;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
  // The name stands in parentheses and may hold anything (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // The state is that of the first thread: a zombie whose other threads still end is no corpse yet.
  const running = !('ZX'.includes(fields[0]) && Number(fields[17]) <= 1);
  return { state: fields[0], running, startTime: Number(fields[19]) | 0 };
}

class Lives {
  #board;

  constructor(board) {
    this.#board = board;
  }

  /** That life is the process with that pid, which was just started and not waited for yet. */
  enter(life, pid) {
    const words = this.#board.life(life);
    Atomics.store(words, LIFE.START_TIME, look(pid).startTime);
    Atomics.store(words, LIFE.PID, pid);
  }

  state(life) {
    return Atomics.load(this.#board.life(life), LIFE.STATE);
  }

  begin(life) {
    Atomics.store(this.#board.life(life), LIFE.STATE, LIVING);
  }

  /** From now on it may be dead. */
  doom(life) {
    Atomics.store(this.#board.life(life), LIFE.STATE, DOOMED);
  }

  /** The same, for one that will be killed at once. */
  doomByKill(life) {
    Atomics.store(this.#board.life(life), LIFE.KILL, Atomics.add(this.#board.head, HEAD.KILLS, 1) + 1);
    this.doom(life);
  }

  /** Whether nobody was killed after that flow. */
  wasKilledLast(id) {
    return Atomics.load(this.#board.life(id >>> 3), LIFE.KILL) === this.#board.load(HEAD.KILLS);
  }

  end(life) {
    Atomics.store(this.#board.life(life), LIFE.STATE, ENDED);
  }

  pidOf(id) {
    return Atomics.load(this.#board.life(id >>> 3), LIFE.PID);
  }

  /** Whether that flow can still do anything. */
  isAlive(id) {
    const life = id >>> 3;
    if (life === 0) return true;
    const words = this.#board.life(life);
    if (Atomics.load(words, LIFE.STATE) === ENDED) return false;
    const found = look(Atomics.load(words, LIFE.PID));
    return found?.running === true && found.startTime === Atomics.load(words, LIFE.START_TIME);
  }

  /** Whether that flow lives and nobody has set out to kill it. */
  isSafe(id) {
    const life = id >>> 3;
    return life === 0 || this.state(life) === LIVING;
  }

  /** Whether the parent has set out to kill a process of that pid. */
  wasDoomed(pid) {
    for (let life = this.#board.lives - 1; life > 0; life -= 1) {
      const words = this.#board.life(life);
      if (Atomics.load(words, LIFE.PID) === pid && Atomics.load(words, LIFE.STATE) >= DOOMED) return true;
    }
    return false;
  }

  /** In words, for reports. */
  describe(id) {
    if (id === 0) return 'nobody';
    const life = id >>> 3;
    if (life === 0) return 'the parent';
    const state = ['not begun', 'living', 'doomed', 'ended'][this.state(life)];
    const pid = Atomics.load(this.#board.life(life), LIFE.PID);
    const thread = (id & 4) === 0 ? '' : ', its worker thread';
    return `life ${life} (process ${pid}, ${state}${thread}, flow ${id & 3})`;
  }
}

module.exports = { Lives, look };
