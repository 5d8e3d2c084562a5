// The reference implementation, asked in JSON texts: a number beyond 2^53, or a name that an object has twice, would
// not outlive a JavaScript value.

import { createRequire } from "node:module";

const { stringify, parse } = JSON;
let cedar;
let said = "";  // the last answer, as text

export function load(folder) {
  cedar = createRequire(`${folder}/`)("@cedar-policy/cedar-wasm/nodejs");
}

// cedar-wasm turns what it is given into text with JSON.stringify, and its answer into a value with JSON.parse; meanwhile
// the one is the text given here, and the other keeps its own.
function ask(name, text, ...before) {
  JSON.stringify = () => text;
  JSON.parse = (answer) => parse((said = answer));
  try {
    return cedar[name](...before, {});
  } catch (error) {
    // What is not even JSON of the call's form is thrown; anything else is a crash.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return { type: "failure", errors: [{ message: error.message }] };
  } finally {
    Object.assign(JSON, { stringify, parse });
  }
}

const messages = (errors) => errors.map((e) => [e.message, ...(e.related ?? []).map((r) => r.message)].join(" / "));
// What it says against something; nothing when it accepts.
const complaints = (answer) => (answer.type === "failure" ? messages(answer.errors) : []);

const uid = stringify;

// Of policies that are JSON already, each is its text or its tree.
const object = (texts) => `{${Object.entries(texts).map(([id, json]) => `${stringify(id)}:${json}`).join(",")}}`;
export const policySet = ({ policies, templates, links }) =>
  `{"staticPolicies":${object(policies)},"templates":${object(templates)},"templateLinks":${stringify(links)}}`;

export const parsePolicy = (text) => complaints(ask("checkParsePolicySet", stringify({ staticPolicies: { p: text } })));
export const parseTemplate = (text) =>
  complaints(ask("checkParsePolicySet", stringify({ staticPolicies: {}, templates: { p: text } })));
export const parsePolicyJson = (text) => complaints(ask("checkParsePolicySet", `{"staticPolicies":{"p":${text}}}`));
export const parseTemplateJson = (text) => complaints(ask("checkParsePolicySet", `{"templates":{"p":${text}}}`));
export const parseSet = (set) => complaints(ask("checkParsePolicySet", set));
export const parseSchema = (text) => complaints(ask("checkParseSchema", stringify(text)));
export const parseSchemaJson = (text) => complaints(ask("checkParseSchema", text));
export const parseEntities = (text, schema) =>
  complaints(ask("checkParseEntities", `{"entities":${text}${schema ? `,"schema":${schema}` : ""}}`));
export const parseContext = (text, schema, action) =>
  complaints(
    ask("checkParseContext", `{"context":${text}${schema ? `,"schema":${schema},"action":${uid(action)}` : ""}}`),
  );

export function validate(set, schema) {
  const answer = ask("validate", `{"schema":${schema},"policies":${set}}`);
  if (answer.type === "failure") return { complaints: messages(answer.errors) };
  const byPolicy = (list) => {
    const out = {};
    for (const { policyId, error } of list) (out[policyId] ??= []).push(error.message);
    return out;
  };
  return { complaints: [], errors: byPolicy(answer.validationErrors), warnings: byPolicy(answer.validationWarnings) };
}

// Keeps a set or a schema for `decide`.
export const keepSet = (set) => complaints(ask("preparsePolicySet", set, "set"));
export const keepSchema = (schema) => complaints(ask("preparseSchema", schema, "schema"));

export function decide(request, entities, withSchema) {
  const answer = ask(
    "statefulIsAuthorized",
    `{"principal":${uid(request.principal)},"action":${uid(request.action)},"resource":${uid(request.resource)},` +
      `"context":${request.context},"preparsedPolicySetId":"set","entities":${entities}` +
      `${withSchema ? ',"preparsedSchemaName":"schema","validateRequest":true' : ""}}`,
  );
  if (answer.type === "failure") return { complaints: messages(answer.errors) };
  const { decision, diagnostics } = answer.response;
  return {
    complaints: [],
    decision,
    reason: diagnostics.reason.toSorted(),
    errors: [...new Set(diagnostics.errors.map((e) => e.policyId))].sort(),
    messages: diagnostics.errors.map((e) => `${e.policyId}: ${e.error.message}`),
  };
}

// What can be said of a request of which null is not known.
export function decidePartially({ principal, action, resource, context }, entities, set) {
  const answer = ask(
    "isAuthorizedPartial",
    `{"principal":${uid(principal)},"action":${uid(action)},"resource":${uid(resource)},"context":${context},` +
      `"policies":${set},"entities":${entities}}`,
  );
  if (answer.type === "failure") return { complaints: messages(answer.errors) };
  const { decision, satisfied, errored, nontrivialResiduals } = answer.response;
  return { complaints: [], decision, satisfied, errors: errored, residuals: nontrivialResiduals };
}

// Many policies in one text: those with slots, and those without, each in the order of their ids.
export function parts(text) {
  const answer = cedar.policySetTextToParts(text);
  if (answer.type === "failure") return { complaints: messages(answer.errors) };
  return { complaints: [], policies: answer.policies, templates: answer.policy_templates };
}

// What the answer has at its end, as text.
const last = (answer, member) =>
  answer.type === "success" ? said.slice(said.indexOf(`"${member}":`) + member.length + 3, -1) : null;

// A policy, given as JSON (a text is a string of JSON), as a tree in JSON; null where it is none.
export const treeOf = (policy, isTemplate) => last(ask(isTemplate ? "templateToJson" : "policyToJson", policy), "json");

// For the shrinker: a policy as a tree, and back.
export function toTree(text, isTemplate) {
  const tree = treeOf(stringify(text), isTemplate);
  return tree === null ? null : parse(tree);
}
export function toText(tree, isTemplate) {
  const answer = ask(isTemplate ? "templateToText" : "policyToText", stringify(tree));
  return answer.type === "success" ? answer.text : null;
}

// A schema with every name resolved; null where it is none.
export function resolved(text) {
  const answer = cedar.schemaToJsonWithResolvedTypes(text);
  return answer.type === "success" ? answer.json : null;
}
