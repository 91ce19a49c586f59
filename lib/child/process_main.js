'use strict';
// The main module of a Process.

require('./process_program').runProcess();
