'use strict';
// One run, from the parent's side: begins everything, ticks, and tells what came of it.

const { setTimeout: delay } = require('node:timers/promises');
const { Board, HEAD, PARENT, PARENT_RECORD, SEATS } = require('./board');
const { Family } = require('./family');
const { Flow, milliseconds, stopwatch } = require('./flow');
const { Keeper } = require('./keeper');
const { Killer } = require('./killer');
const { Leaks } = require('./leaks');
const { Lives } = require('./lives');
const { Deaths, figures, table } = require('./summary');
const { Watchdog } = require('./watchdog');
const { workloads } = require('./workloads');

const TICK_MS = 10;
/** Ticks between two censuses. */
const CENSUS_EVERY = 40;
/** Ticks between two lines that tell how far it is. */
const TELL_EVERY = 1000;

class Run {
  #options;
  #print;
  #begun = milliseconds();
  #now = stopwatch(this.#begun);
  #leaks = new Leaks();
  #deaths = new Deaths();
  #ticks = 0;
  #counted = undefined;
  #isBusy = false;
  #notes = new Map();
  /** Faults that the last look has found. @type {string[]} */
  #found = [];
  #board;
  #lives;
  #flow;
  #keepers;
  #family;
  #killer;
  #watchdog;

  /**
   * @param {ReturnType<import('./options').readOptions>} options
   * @param {(text: string) => void} print
   */
  constructor(options, print) {
    this.#options = options;
    this.#print = print;
  }

  /** @returns {Promise<boolean>} whether it passed */
  async run() {
    await this.#leaks.begin();
    this.#prepare();
    const { kills, seconds } = this.#options;
    const isOver = () => this.#hasFault || this.#killer.kills >= kills || this.#now() > seconds * 1000;
    this.#family.start();
    const timer = setInterval(() => this.#tick(), TICK_MS);
    await this.#killer.run(isOver);
    if (!this.#hasFault) await Promise.race([this.#family.end(), this.#untilFault()]);
    if (this.#hasFault) await this.#fail();
    clearInterval(timer);
    if (!this.#hasFault) this.#lastLook();
    return this.#tell();
  }

  #prepare() {
    const { seed, selected, kills } = this.#options;
    // Those that are there at the end, life 0, and one that is killed beyond the number.
    const { array, board } = Board.create(kills + SEATS + 2, workloads);
    this.#board = board;
    this.#lives = new Lives(board);
    this.#flow = new Flow({
      board,
      lives: this.#lives,
      now: this.#now,
      id: PARENT,
      record: PARENT_RECORD,
      threadId: process.pid,
      isAlone: false,
    });
    const later = (number, action) => this.#later(number, action);
    this.#keepers = selected.map((number) => new Keeper({ number, board, lives: this.#lives, seed, later }));
    const plan = { array, seed, selected, begun: this.#begun };
    const common = { board, lives: this.#lives, now: this.#now, keepers: this.#keepers };
    this.#family = new Family({ ...common, plan, hasNet: this.#options.hasNet });
    this.#family.onKilledAt = (primitive, phase) => this.#deaths.add(primitive, phase);
    this.#killer = new Killer({ ...common, family: this.#family, seed });
    this.#watchdog = new Watchdog({ ...common, family: this.#family });
  }

  get #hasFault() {
    return this.#board.load(HEAD.FAULTS) > 0;
  }

  #tick() {
    try {
      this.#ticks += 1;
      this.#watchdog.tick();
      for (const keeper of this.#keepers) keeper.tend();
      this.#count();
      this.#leaks.tick(this.#family.ended);
      if (this.#ticks % TELL_EVERY === 0) this.#print(this.#progress());
    } catch (error) {
      this.#board.fault(error.stack);
    }
  }

  /** One primitive after the other is looked at while nobody is at it. */
  #count() {
    if (this.#counted === undefined && this.#ticks % CENSUS_EVERY === 0) {
      this.#counted = this.#keepers[(this.#ticks / CENSUS_EVERY) % this.#keepers.length];
      this.#counted.pause();
    }
    if (this.#counted?.census()) this.#counted = undefined;
  }

  /** Something that a keeper has to wait for, in a flow of its own. One at a time. */
  #later(number, action) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(async () => {
      this.#flow.enter(number);
      try {
        await action(this.#flow);
      } catch (error) {
        this.#board.fault(error.stack);
      }
      this.#flow.end();
      this.#isBusy = false;
    });
  }

  async #untilFault() {
    while (!this.#hasFault) await delay(TICK_MS);
  }

  async #fail() {
    // Who found it is still writing.
    await delay(100);
    const faults = this.#board.faults();
    this.#print(`\nFAULT after ${this.#progress()}`);
    for (const fault of faults) this.#print(`- ${fault}`);
    this.#print('\nWho was at what:');
    for (const line of this.#watchdog.describe()) this.#print(`  ${line}`);
    for (const keeper of this.#keepers) {
      this.#print(`${keeper.name}:`);
      for (const line of keeper.describe()) this.#print(`  ${line}`);
    }
    await this.#family.killAll();
  }

  /** Everybody has ended: everything must be as if nobody had ever been there. */
  #lastLook() {
    if (this.#killer.kills === 0) this.#board.fault('nobody was killed');
    for (const { number, operations } of figures(this.#board, this.#options.selected)) {
      const keeper = this.#keepers.find((other) => other.number === number);
      keeper.pause();
      if (!keeper.census()) keeper.fault('all have ended, and somebody is at it');
      const note = keeper.finish(operations);
      if (note !== undefined) this.#notes.set(number, note);
      if (operations === 0) keeper.fault('nobody has done anything with it');
    }
  }

  async #tell() {
    const hadFault = this.#hasFault;
    const { cut } = this.#family;
    const lines = this.#close();
    const left = await this.#leaks.end(cut);
    // After a fault the members were killed in the middle of everything.
    const faults = hadFault ? [] : [...this.#found, ...left.faults];
    for (const line of [...lines, left.text]) this.#print(line);
    for (const fault of faults) this.#print(`FAULT ${fault}`);
    const passed = !hadFault && faults.length === 0;
    this.#print(`stress: ${passed ? 'passed' : 'FAILED'}, seed ${this.#options.seed}`);
    return passed;
  }

  /** Lets everything go, so that the collector can take the board too. @returns {string[]} what is to be told */
  #close() {
    const lines = [table(figures(this.#board, this.#options.selected), this.#deaths, this.#notes), this.#progress()];
    this.#found = this.#board.faults();
    for (const keeper of this.#keepers) keeper.close();
    this.#board = this.#lives = this.#flow = this.#keepers = this.#family = this.#killer = this.#watchdog = undefined;
    return lines;
  }

  #progress() {
    const { kills, births, stops, gifts, calms } = this.#killer;
    const censuses = this.#keepers.reduce((sum, keeper) => sum + keeper.censuses, 0);
    const seconds = (this.#now() / 1000).toFixed(1);
    const faults = this.#board.load(HEAD.FAULTS);
    return `${kills} kills (${births} while starting), ${stops} stops, ${gifts} messages with objects, ${calms} times calm, ${this.#family.started} processes, ${censuses} censuses in ${seconds} s; faults: ${faults}`;
  }
}

module.exports = { Run };
