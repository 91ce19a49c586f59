'use strict';
// One table: what the functions do, to be seen with node:child_process and with this package alike.

module.exports = [
  ...require('./ends'),
  ...require('./failures'),
  ...require('./arguments'),
  ...require('./surroundings'),
  ...require('./stdio'),
  ...require('./messages'),
  ...require('./control'),
  ...require('./exec'),
  ...require('./exec_arguments'),
  ...require('./sync'),
  ...require('./sync_arguments'),
  ...require('./fork'),
  ...require('./fork_start'),
  ...require('./fork_channel'),
];
