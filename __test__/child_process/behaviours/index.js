'use strict';
// One table: what spawn() does, to be seen with node:child_process and with this package alike.

module.exports = [
  ...require('./ends'),
  ...require('./failures'),
  ...require('./arguments'),
  ...require('./surroundings'),
  ...require('./stdio'),
  ...require('./messages'),
  ...require('./control'),
];
