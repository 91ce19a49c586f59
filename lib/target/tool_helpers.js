'use strict';
// What build tools and test runners put into the text of a function: calls of helpers that they have defined at the top
// of its file. The helpers do not travel, so they are made anew where the function runs.
//
// Refuses nothing: a name that is none of these is the user's.

/** By name. Each may use what every function that travels by source may use. */
const HELPERS = new Map([
  // esbuild and tsx (keepNames) wrap inner functions.
  ['__name', '(f,n)=>Object.defineProperty(f,"name",{value:n,configurable:true})'],
  // Vite and Vitest rewrite import().
  ['__vite_ssr_dynamic_import__', '(specifier,options)=>import(specifier,options)'],
]);

// Istanbul (nyc, `jest --coverage`) counts statements, functions and branches, one function for each file. The counts of
// another process have no reader.
const COUNTER = /\b(cov_[a-z0-9]{6,})\(\)\.[sfb]\[/g;
const NO_COUNTER = '()=>({s:{},f:{},b:new Proxy({},{get:()=>({})})})';

/** @param {string} source a function's text @returns {Map<string, string>} name → text of what it stands for */
function toolHelpers(source) {
  const used = new Map();
  for (const [name, text] of HELPERS) if (source.includes(name)) used.set(name, text);
  if (source.includes('cov_')) for (const [, name] of source.matchAll(COUNTER)) used.set(name, NO_COUNTER);
  return used;
}

module.exports = { toolHelpers };
