'use strict';
// The tiny task, as workerpool loads it.

require('workerpool').worker({ addOne: (n) => n + 1 });
