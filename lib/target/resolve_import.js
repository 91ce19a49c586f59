'use strict';
// Resolves a package whose "exports" serve import but not require, which require.resolve refuses.
// The algorithm is PACKAGE_EXPORTS_RESOLVE of https://nodejs.org/api/esm.html#resolution-algorithm-specification.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

const CONDITIONS = new Set(['node', 'import', 'module-sync', 'node-addons', 'default']);

/** @returns {string | undefined} a file: URL */
function resolveImport(specifier, callerPath) {
  const match = /^((?:@[^/]+\/)?[^/@#.][^/]*)(\/.*)?$/.exec(specifier);
  if (match === null) return undefined;
  const [, name, rest = ''] = match;
  for (const folder of createRequire(callerPath).resolve.paths(specifier) ?? []) {
    const root = path.join(folder, name);
    const manifest = readManifest(path.join(root, 'package.json'));
    if (manifest === undefined) continue;
    const target = manifest.exports == null ? undefined : exported(manifest.exports, `.${rest}`);
    if (typeof target !== 'string' || !target.startsWith('./')) return undefined;
    const file = path.join(root, target);
    const inside = file.startsWith(root + path.sep) && fs.statSync(file, { throwIfNoEntry: false })?.isFile();
    return inside ? pathToFileURL(fs.realpathSync(file)).href : undefined;
  }
  return undefined;
}

function readManifest(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function exported(exports, subpath) {
  const isMap =
    typeof exports === 'object' && !Array.isArray(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  const map = isMap ? exports : { '.': exports };
  if (Object.hasOwn(map, subpath) && !subpath.includes('*')) return choose(map[subpath], '');
  let best;
  for (const key of Object.keys(map)) {
    const star = key.indexOf('*');
    if (star === -1) continue;
    const [head, tail] = [key.slice(0, star), key.slice(star + 1)];
    const matches = subpath.length >= key.length && subpath.startsWith(head) && subpath.endsWith(tail);
    if (matches && (best === undefined || head.length > best.head.length)) best = { key, head, tail };
  }
  if (best === undefined) return undefined;
  return choose(map[best.key], subpath.slice(best.head.length, subpath.length - best.tail.length));
}

function choose(target, part) {
  if (typeof target === 'string') return target.replaceAll('*', () => part);
  if (Array.isArray(target)) {
    for (const element of target) {
      const found = choose(element, part);
      if (found != null) return found;
    }
    return undefined;
  }
  if (target === null || typeof target !== 'object') return target;
  for (const condition of Object.keys(target)) {
    if (!CONDITIONS.has(condition)) continue;
    const found = choose(target[condition], part);
    if (found !== undefined) return found;
  }
  return undefined;
}

module.exports = { resolveImport };
