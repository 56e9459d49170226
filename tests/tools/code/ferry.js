'use strict';

const { open } = require('node:fs/promises');
const LIMIT = 40, WARN = 35;
let queue = [
  'car',
  'van',
];

/**
 * A ferry between two piers.
 */
class Ferry extends Ship {
  #load = 0;
  static fleet = new Map();
  onArrive = (pier) => {
    this.pier = pier;
  };

  constructor(name, { seats = 20 } = {}) {
    super(name);
    this.seats = seats;
  }

  get free() {
    return LIMIT - this.#load;
  }

  static async *routes(from, to = 'south') {
    yield [from, to];
  }

  ['computed' + 1]() {}
}

function board(ferry, ...cars) {
  const fits = (car) => car.length < 5;
  function weigh(car) {
    return car.weight;
  }
  return cars.filter(fits).map(weigh);
}

const depart = async (ferry) => {
  await ferry.leave();
};

var arrive = function (ferry) { return ferry.pier; };

const handlers = {
  board,
  load(ferry) { return board(ferry); },
  unload: function (ferry) { return []; },
  clear: () => 0,
  limit: LIMIT,
};

Ferry.prototype.horn = function (times) {
  return 'tuut '.repeat(times);
};

export default function sail() {}
export const speed = 12;
export { depart, arrive as land };
module.exports.timetable = (day) => {
  return [];
};
