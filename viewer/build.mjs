/**
 * Build the map page: one script, one style sheet, one page, and the licences of what is inside.
 *
 * The output is the same for the same package-lock.json, so it is committed and CI compares it with a new build.
 */

import {build} from 'esbuild';
import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../pipeline/mutirao/web/viewer');
const LICENCE_FILE = /^(licen[cs]e|copying|notice|unlicense)([.-].*)?$/i;

/**
 * src/raster.js inflates with the browser and reads no other compression, so geotiff's codecs and its worker
 * (which carries all of them a second time) stay out: they are two thirds of that package.
 */
const leaveOutCodecs = {
  name: 'leave-out-codecs',
  setup(/** @type {import('esbuild').PluginBuild} */ {onLoad}) {
    const empty = (/** @type {string} */ contents) => () => ({contents, loader: /** @type {const} */ ('js')});
    onLoad({filter: /geotiff\/dist-module\/compression\/index\.js$/},
      empty('export const addDecoder = () => {}, getDecoder = null, getDecoderParameters = null, preferWorker = null;'));
    onLoad({filter: /geotiff\/dist-module\/worker\/create\.js$/}, empty('export default null;'));
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: {viewer: 'src/main.js'},
  outdir: join(target, 'assets'),
  bundle: true,
  minify: true,
  metafile: true,
  format: 'iife', // opened as a file, a module script would not run and could not say what to do
  target: ['chrome109', 'firefox113', 'safari16.4'], // the first with DecompressionStream
  legalComments: 'none', // THIRD-PARTY-NOTICES.txt has them whole
  charset: 'utf8',
  write: false,
  plugins: [leaveOutCodecs],
});

await rm(target, {recursive: true, force: true});
await mkdir(join(target, 'assets'), {recursive: true});
for (const file of result.outputFiles) await writeFile(file.path, file.contents);
await writeFile(join(target, 'index.html'), await readFile(join(here, 'src/index.html')));
await writeFile(join(target, 'assets/THIRD-PARTY-NOTICES.txt'), await notices(packagesIn(result.metafile)));

/**
 * Folders of the packages whose code is in the output.
 * @param {import('esbuild').Metafile} metafile
 * @returns {string[]}
 */
function packagesIn(metafile) {
  const used = Object.values(metafile.outputs).flatMap(({inputs}) => Object.entries(inputs))
    .filter(([, {bytesInOutput}]) => bytesInOutput > 0)
    .map(([path]) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter((folder) => folder !== undefined);
  const folders = [...new Set(used)].sort();
  const names = folders.map((folder) => folder.split('node_modules/').pop());
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length) throw new Error(`two copies of ${twice.join(', ')}: align them by "overrides" in package.json`);
  return folders;
}

/** @param {string[]} folders */
async function notices(folders) {
  const parts = await Promise.all(folders.map(notice));
  return `The map page contains code of these packages, under the licences given.\n\n${parts.join('\n')}`;
}

/** @param {string} folder */
async function notice(folder) {
  const {name, version, license} = JSON.parse(await readFile(join(here, folder, 'package.json'), 'utf8'));
  const files = (await readdir(join(here, folder))).filter((file) => LICENCE_FILE.test(file)).sort();
  if (!files.length && !license) throw new Error(`${relative(here, folder)} states no licence: do not ship it`);
  const texts = await Promise.all(files.map((file) => readFile(join(here, folder, file), 'utf8')));
  const body = texts.map((text) => text.replaceAll('\r\n', '\n').trim()).join('\n\n') || 'The package has no licence file.';
  return `${'='.repeat(80)}\n${name} ${version}\nLicence: ${license}\n${'-'.repeat(80)}\n${body}\n`;
}
