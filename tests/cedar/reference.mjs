// The reference implementation, asked in JSON texts: a number beyond 2^53, or a name that an object has twice, would
// not outlive a JavaScript value.

import { createRequire } from "node:module";

const stringify = JSON.stringify;
let cedar;

export function load(folder) {
  cedar = createRequire(`${folder}/`)("@cedar-policy/cedar-wasm/nodejs");
}

// cedar-wasm turns what it is given into text with JSON.stringify; meanwhile that is the text given here.
function ask(name, text, ...before) {
  JSON.stringify = () => text;
  try {
    return cedar[name](...before, {});
  } catch (error) {
    // What is not even JSON of the call's form is thrown; anything else is a crash.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return { type: "failure", errors: [{ message: error.message }] };
  } finally {
    JSON.stringify = stringify;
  }
}

const messages = (errors) => errors.map((e) => [e.message, ...(e.related ?? []).map((r) => r.message)].join(" / "));
// What it says against something; nothing when it accepts.
const complaints = (answer) => (answer.type === "failure" ? messages(answer.errors) : []);

const uid = stringify;

export const policySet = (world) =>
  stringify({ staticPolicies: world.policies, templates: world.templates, templateLinks: world.links });

export const parsePolicy = (text) => complaints(ask("checkParsePolicySet", stringify({ staticPolicies: { p: text } })));
export const parseTemplate = (text) =>
  complaints(ask("checkParsePolicySet", stringify({ staticPolicies: {}, templates: { p: text } })));
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

// For the shrinker: a policy as a tree, and back.
export function toTree(text, isTemplate) {
  const answer = ask(isTemplate ? "templateToJson" : "policyToJson", stringify(text));
  return answer.type === "success" ? answer.json : null;
}
export function toText(tree, isTemplate) {
  const answer = ask(isTemplate ? "templateToText" : "policyToText", stringify(tree));
  return answer.type === "success" ? answer.text : null;
}
