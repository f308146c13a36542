/**
 * Why a pixel is what it is: each rule in order, up to the one that decides.
 *
 * The meaning is that of mutirao.integration.reference, the words are those of mutirao.integration.wording; a test
 * holds this page to both.
 *
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./release.js').Rule} Rule
 * @typedef {import('./release.js').Condition} Condition
 * @typedef {import('./release.js').Outcome} Outcome
 * @typedef {Record<string, number>} Values by module, mosaic or layer
 * @typedef {Condition & {value: number, holds: boolean}} Met
 * @typedef {{number: number, conditions: Met[], outcome: Outcome, taken: number, met: boolean, holds: boolean}} Case
 * @typedef {{rule: Rule, inTime: boolean, conditions: Met[], cases: Case[], outcome: Outcome|null}} Tried
 *
 * @typedef {Object} Explanation
 * @property {number} year
 * @property {Values} claims
 * @property {Values} layers
 * @property {string|null} rule that decides; null at a coverage hole
 * @property {string|null} module whose claim wins
 * @property {number} code of the map before the filters
 * @property {string[]} against modules that claim another class
 * @property {{rule: string, number: number, verdict: Verdict, words: string[]}[]} tried
 * @typedef {'decides'|'steps back'|'does not hold'} Verdict
 */

import {classOf} from './classes.js';

/**
 * @param {Release} release
 * @param {Values} claims class by module, 0 for none
 * @param {Values} layers value by layer
 * @param {number} year
 * @returns {Explanation}
 */
export function explain(release, claims, layers, year) {
  /** @type {Record<string, string|null>} */
  const members = {};
  for (const {id, layer, members: byValue} of release.mosaics) members[id] = byValue[String(layers[layer])] ?? null;
  const joined = Object.fromEntries(Object.entries(members).map(([id, module]) => [id, module ? claims[module] : 0]));
  const pixel = {...layers, ...claims, ...joined};
  /** @type {Tried[]} */
  const tried = [];
  for (const rule of release.rules) {
    tried.push(tryRule(rule, pixel, year));
    if (verdictOf(tried[tried.length - 1]) === 'decides') break;
  }
  const last = tried[tried.length - 1];
  const winner = last && verdictOf(last) === 'decides' ? last : null;
  const outcome = winner?.outcome ?? null;
  const won = outcome ? pixel[outcome.source] : release.hole;
  const code = outcome ? codeOf(outcome, won) : release.hole;
  return {
    year, claims, layers, code,
    rule: winner?.rule.rule ?? null,
    module: outcome ? members[outcome.source] ?? outcome.source : null,
    against: Object.keys(claims).filter((module) => claims[module] !== 0 && claims[module] !== won),
    tried: tried.map((item) => ({
      rule: item.rule.rule, number: item.rule.id, verdict: verdictOf(item), words: ruleWords(release, item),
    })),
  };
}

/**
 * @param {Rule} rule
 * @param {Values} pixel
 * @param {number} year
 * @returns {Tried}
 */
function tryRule(rule, pixel, year) {
  const inTime = !rule.years || (rule.years[0] <= year && year <= rule.years[1]);
  const conditions = meet(rule.when, pixel);
  const holds = inTime && conditions.every((condition) => condition.holds);
  const cases = holds ? tryCases(rule, pixel) : [];
  const last = cases[cases.length - 1];
  return {rule, inTime, conditions, cases, outcome: !holds ? null : last?.holds ? last.outcome : rule.outcome};
}

/**
 * @param {Rule} rule
 * @param {Values} pixel
 * @returns {Case[]} exceptions up to the one that holds
 */
function tryCases(rule, pixel) {
  const cases = [];
  for (const [index, {when, outcome}] of rule.cases.entries()) {
    const conditions = meet(when, pixel);
    const met = conditions.every((condition) => condition.holds);
    const taken = pixel[outcome.source];
    cases.push({number: index + 1, conditions, outcome, taken, met, holds: met && takes(outcome, taken)});
    if (cases[index].holds) break;
  }
  return cases;
}

/**
 * @param {Condition[]} conditions
 * @param {Values} pixel
 * @returns {Met[]}
 */
function meet(conditions, pixel) {
  return conditions.map((condition) => {
    const value = pixel[condition.source];
    return {...condition, value, holds: condition.allowed.includes(value)};
  });
}

/**
 * @param {Outcome} outcome
 * @param {number} claim
 */
function takes({listed_only: listedOnly, table}, claim) {
  return claim !== 0 && (!listedOnly || new Map(table).has(claim));
}

/**
 * @param {Outcome} outcome
 * @param {number} claim
 * @returns {number}
 */
function codeOf({constant, table}, claim) {
  return constant ?? new Map(table).get(claim) ?? claim;
}

/**
 * @param {Tried} tried
 * @returns {Verdict}
 */
function verdictOf({outcome}) {
  if (!outcome) return 'does not hold';
  return outcome.skip ? 'steps back' : 'decides';
}

/**
 * One sentence for the rule, then one for each exception looked at.
 * @param {Release} release
 * @param {Tried} tried
 */
function ruleWords(release, {rule, inTime, conditions, cases, outcome}) {
  const failed = conditions.filter(({holds}) => !holds).map((condition) => conditionWords(release, condition));
  if (rule.years && !inTime) failed.push(`the rule is for ${rule.years[0]} to ${rule.years[1]}`);
  const taken = conditions[0].value;
  const given = outcome && !cases.some(({holds}) => holds) ? codeOf(outcome, taken) : taken;
  const held = conditions.map((condition) => conditionWords(release, condition));
  if (given !== taken) held.push(`it gives ${classOf(release, given).name}`);
  const headline = (failed.length ? failed : held).join('; ');
  return [headline, ...cases.map((item) => caseWords(release, item, rule.outcome.source))];
}

/**
 * @param {Release} release
 * @param {Met} condition
 */
function conditionWords(release, {source, value, holds, words}) {
  const verb = release.layers.some(({id}) => id === source) ? 'is' : 'claims';
  const said = `${source} ${verb} ${valueName(release, source, value)}`;
  return holds ? said : `${said}, not ${words}`;
}

/**
 * @param {Release} release
 * @param {Case} tried
 * @param {string} source of the rule
 */
function caseWords(release, {number, conditions, outcome, taken, met, holds}, source) {
  const failed = conditions.filter((condition) => !condition.holds);
  const words = (failed.length ? failed : conditions).map((item) => conditionWords(release, item)).join('; ');
  if (holds) return `exception ${number} holds: ${words}; ${givenWords(release, outcome, taken, source)}`;
  if (!met) return `exception ${number} does not hold: ${words}`;
  const claim = valueName(release, outcome.source, taken);
  return `exception ${number} is passed over: ${outcome.source} claims ${claim}, which it cannot take`;
}

/**
 * @param {Release} release
 * @param {Outcome} outcome
 * @param {number} taken
 * @param {string} source of the rule
 */
function givenWords(release, outcome, taken, source) {
  if (outcome.skip) return 'the rule steps back';
  const given = `it gives ${classOf(release, codeOf(outcome, taken)).name}`;
  return outcome.source === source ? given : `${given} from ${outcome.source}`;
}

/**
 * @param {Release} release
 * @param {string} source
 * @param {number} value
 */
export function valueName(release, source, value) {
  const layer = release.layers.find(({id}) => id === source);
  if (layer) return layer.names[String(value)] ?? String(value);
  return value === 0 ? 'nothing' : classOf(release, value).name;
}
