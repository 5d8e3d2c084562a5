// One world, and where the two implementations differ on it. What docs/decisions/0008-where-validation-differs.md says
// is known here, case by case, and nothing more.

import * as reference from "./reference.mjs";
import { canonical } from "./trees.mjs";

const refused = (complaints) => complaints.length > 0;
const accepts = (complaints) => (refused(complaints) ? `refuses: ${complaints.join("; ")}` : "accepts");
const sorted = (list) => [...list].sort();
const list = (items) => `[${items.join(" ")}]`;
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

export const newStatistics = () => ({
  worlds: 0, cases: 0, allow: 0, deny: 0, withErrors: 0, withReasons: 0, invalidRequests: 0, checked: 0,
  policies: 0, valid: 0, invalid: 0, impossible: 0, inapplicable: 0, entitiesRefused: 0, entitiesChecked: 0,
  texts: 0, textsAccepted: 0, textsRefused: 0, trees: 0, wholes: 0, partial: 0, known: {},
});

// Why a run proves nothing: what must be common in it is not.
export function poor(total) {
  const least = [
    ["allow", 0.1 * total.cases], ["deny", 0.1 * total.cases], ["withErrors", 0.05 * total.cases],
    ["withReasons", 0.2 * total.cases], ["invalidRequests", 0.05 * total.cases], ["checked", 0.05 * total.cases],
    ["valid", 0.3 * total.policies], ["invalid", 0.1 * total.policies], ["impossible", 0.02 * total.policies],
    ["inapplicable", 0.01 * total.policies], ["entitiesChecked", 0.2 * total.worlds],
    ["entitiesRefused", 0.1 * total.worlds], ["textsAccepted", 0.05 * total.texts], ["textsRefused", 0.2 * total.texts],
    ["trees", total.worlds], ["partial", 0.1 * total.worlds],
  ];
  return least.filter(([name, count]) => total[name] < count).map(([name, count]) => `${name} ${total[name]} < ${count}`);
}

// What docs/decisions/0008 allows: its name there, by what is said against the text.
const kAllowed = {
  schema: [["an attribute declared twice", (ours, theirs) => !refused(theirs) && ours.every((m) => /^the attribute .* is declared twice$/.test(m))]],
  entities: [
    ["entities read more strictly", (ours, theirs) => !refused(theirs) && ours.every((m) => /: an entity has uid, attrs, parents and tags, nothing else$/.test(m))],
    ["absent attrs or parents", (ours, theirs) => !refused(ours) && theirs.every((m) => /missing field `(attrs|parents)`/.test(m))],
  ],
  entitiesWithSchema: [
    ["an action's partial hierarchy", (ours, theirs) => !refused(ours) && theirs.every((m) => /definition of action `.*` does not match its schema declaration/.test(m))],
  ],
};
const kStrictEscapes = (ours, theirs) =>
  !refused(theirs) && ours.every((m) => /\/__(extn: an extension value is written|entity: an entity is named by)|: nothing may stand beside __(extn|entity)$/.test(m));
kAllowed.context = [["escapes read more strictly", kStrictEscapes]];
kAllowed.entities.push(["escapes read more strictly", kStrictEscapes]);
kAllowed.request = kAllowed.context;
const kStrictPolicy = new RegExp(
  ': the scope "All" has no member |: `.*` is a method, whose first argument|/__extn: there is no function |: an unknown is the outcome ',
);
kAllowed.policyJson = [
  ...kAllowed.context,
  ["policies read more strictly", (ours, theirs) => !refused(theirs) && ours.every((m) => kStrictPolicy.test(m))],
];
kAllowed.entitiesWithSchema.push(...kAllowed.entities);

export class Comparison {
  // `ask` puts a question to this engine.
  constructor(world, statistics, number, ask) {
    this.world = world;
    this.ask = ask;
    this.number = number;
    this.ours = world.answers;
    this.statistics = statistics;
    this.differences = [];
  }

  differ(kind, ours, theirs, where = {}) {
    this.differences.push({ kind, ours, theirs, ...where });
  }
  known(name) {
    this.statistics.known[name] = (this.statistics.known[name] ?? 0) + 1;
  }
  // Whether both accept; false is a difference unless both refuse.
  bothAccept(kind, ours, theirs, where) {
    const known = refused(ours) !== refused(theirs) && kAllowed[kind]?.find(([, allows]) => allows(ours, theirs));
    if (known) this.known(known[0]);
    else if (refused(ours) !== refused(theirs)) this.differ(kind, accepts(ours), accepts(theirs), where);
    return !refused(ours) && !refused(theirs);
  }

  async run() {
    const { world, ours, statistics } = this;
    statistics.worlds += 1;
    for (const fault of ours.faults) this.differ("messages", fault, "");
    if (!this.bothAccept("schema", ours.schemaComplaints, reference.parseSchema(world.schema), {})) return this;
    this.bothAccept("schemaJson", ours.schemaJsonComplaints, reference.parseSchemaJson(world.schemaJson), {});
    // Three worlds of four hand the reference the schema as our conversions give it, or as others write it.
    this.schema = JSON.stringify(world.schema);
    if (this.number % 4 === 1) this.schema = ours.schemaJson;
    if (this.number % 4 === 2 && ours.schemaText !== null) this.schema = JSON.stringify(ours.schemaText);
    if (this.number % 4 === 3) this.schema = world.schemaJson;
    const kept = reference.keepSchema(this.schema);
    if (refused(kept)) {
      this.differ("converted schema", "accepts", accepts(kept));
      return this;
    }
    if (this.number % 4 === 2 && ours.schemaText !== null) this.sameSchema(world.schema, ours.schemaText);
    this.texts();
    this.entities();
    if (this.policies()) {
      this.validation();
      this.requests();
      await this.trees();
    }
    if (this.number % 2 === 0) this.whole();
    return this;
  }

  // Another text of the same schema, by what its names mean.
  sameSchema(text, other) {
    const [one, two] = [text, other].map((schema) => canonical(JSON.stringify(reference.resolved(schema))));
    if (one !== two) this.differ("schema printed", two, one, { text, other });
  }

  texts() {
    this.world.texts.forEach(({ kind, text }, i) => {
      const ours = this.ours.texts[i].complaints;
      const theirs = this.theirsOfText(kind, text);
      this.statistics.texts += 1;
      this.statistics[refused(ours) ? "textsRefused" : "textsAccepted"] += 1;
      this.bothAccept(kind, ours, theirs, { text });
    });
  }
  theirsOfText(kind, text) {
    if (kind === "policy") {
      // A template is as good: the text alone tells which it is.
      const asPolicy = reference.parsePolicy(text);
      return refused(asPolicy) ? (refused(reference.parseTemplate(text)) ? asPolicy : []) : asPolicy;
    }
    if (kind === "schema") return reference.parseSchema(text);
    if (kind === "policies") return reference.parts(text).complaints;
    try {
      JSON.parse(text);
    } catch (error) {
      return [`not JSON: ${error.message}`];
    }
    if (kind === "policyJson") {
      const asPolicy = reference.parsePolicyJson(text);
      return refused(asPolicy) ? (refused(reference.parseTemplateJson(text)) ? asPolicy : []) : asPolicy;
    }
    if (kind === "schemaJson") return reference.parseSchemaJson(text);
    return reference.parseEntities(text, kind === "entities" ? null : this.schema);
  }

  entities() {
    const { world, ours, statistics } = this;
    const plain = this.bothAccept("entities", ours.entitiesComplaints, reference.parseEntities(world.entities));
    const theirs = reference.parseEntities(world.typedEntities, this.schema);
    const checked = this.bothAccept("entitiesWithSchema", ours.checkedEntitiesComplaints, theirs);
    statistics[checked ? "entitiesChecked" : "entitiesRefused"] += 1;
    this.plainEntities = plain;
    this.checkedEntities = checked;
  }

  // Leaves out what neither parses.
  policies() {
    const { world, ours } = this;
    const left = { policies: {}, templates: {}, links: [] };
    for (const [name, parse] of [["policies", reference.parsePolicy], ["templates", reference.parseTemplate]]) {
      for (const [id, text] of Object.entries(world[name])) {
        if (!ours.refused[id]) left[name][id] = text;
        else this.bothAccept("policy", ours.refused[id], parse(text), { text });
      }
    }
    for (const [id, tree] of Object.entries(world.trees)) {
      if (!ours.refused[id]) left.policies[id] = tree;
      else this.bothAccept("policyJson", ours.refused[id], reference.parsePolicyJson(tree), { text: tree });
    }
    left.links = world.links.filter((link) => !ours.refused[link.newId]);
    this.left = left;
    // Three worlds of four hand the reference the policies as this engine writes them.
    const form = ["", "json", "text", "formatted"][Math.floor(this.number / 4) % 4];
    const written = (id, forms) => (form === "" ? this.given(id) : form === "json" ? forms.json : JSON.stringify(forms[form]));
    const all = (name) => Object.fromEntries(Object.keys(left[name]).map((id) => [id, written(id, ours[name][id])]));
    this.set = reference.policySet({ ...left, policies: all("policies"), templates: all("templates") });
    const kept = reference.keepSet(this.set);
    if (refused(kept)) this.differ("policy set", "accepts", accepts(kept));
    return !refused(kept);
  }

  // A policy or template as the world has it, in JSON.
  given(id) {
    const { policies, templates, trees } = this.world;
    return trees[id] ?? JSON.stringify(policies[id] ?? templates[id]);
  }

  // Some policies of each world as trees: the reference reads the same one from each form that this engine writes, and
  // this engine from what the reference writes.
  async trees() {
    const { ours, statistics, left } = this;
    const theirs = {};
    for (const name of ["policies", "templates"]) {
      for (const [i, [id, text]] of Object.entries(left[name]).entries()) {
        // What is a tree already comes back as it is written.
        if ((i + this.number) % 3 !== 0 || id in this.world.trees) continue;
        statistics.trees += 1;
        const tree = (json) => reference.treeOf(json, name === "templates");
        const json = tree(JSON.stringify(text));
        if (json === null) {
          this.differ("tree", "has one", "has none", { text });
          continue;
        }
        theirs[id] = { text, json };
        const { json: own, ...texts } = ours[name][id];
        const forms = { json: own, "json read": tree(own), ...mapped(texts, (written) => tree(JSON.stringify(written))) };
        for (const [form, found] of Object.entries(forms)) {
          if (found === null || canonical(found) !== canonical(json))
            this.differ(`tree of ${form}`, found, json, { text, written: ours[name][id][form] ?? own });
        }
      }
    }
    const read = await this.ask({ read: mapped(theirs, ({ json }) => json) });
    for (const [id, { complaints, json }] of Object.entries(read)) {
      const expected = canonical(theirs[id].json);
      const found = refused(complaints) ? accepts(complaints) : canonical(json);
      if (found !== expected) this.differ("tree of the reference", found, expected, { text: theirs[id].text });
    }
  }

  // Many policies in one text, as it is and formatted.
  whole() {
    const { ours, statistics, world } = this;
    const { whole } = ours;
    statistics.wholes += 1;
    const theirs = reference.parts(world.text);
    if (!this.bothAccept("policies", whole.complaints, theirs.complaints, { text: world.text })) return;
    const formatted = reference.parts(whole.formatted);
    for (const name of ["policies", "templates"]) {
      const trees = (texts) => texts.map((text) => canonical(reference.treeOf(JSON.stringify(text), name === "templates")));
      // The reference's are by id, in the order of text: policy10 before policy2.
      const own = trees(Object.entries(whole[name]).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text));
      for (const [kind, others] of [["whole", theirs[name]], ["whole formatted", formatted[name] ?? []]]) {
        const found = trees(others);
        if (own.join("\n") !== found.join("\n")) this.differ(kind, own.join("\n"), found.join("\n"), { text: world.text });
      }
    }
  }

  validation() {
    const { ours, statistics, left } = this;
    const theirs = reference.validate(this.set, this.schema);
    if (refused(theirs.complaints)) return this.differ("validation", "answers", accepts(theirs.complaints));
    const ids = [...Object.keys(left.policies), ...Object.keys(left.templates), ...left.links.map((l) => l.newId)];
    for (const id of ids) {
      const found = ours.findings[id] ?? {};
      const errors = theirs.errors[id] ?? [];
      const warnings = theirs.warnings[id] ?? [];
      statistics.policies += 1;
      if (found.inapplicable) statistics.inapplicable += 1;
      if (found.impossible) statistics.impossible += 1;
      statistics[found.error || found.inapplicable ? "invalid" : "valid"] += 1;
      const text = left.policies[id] ?? left.templates[id] ?? JSON.stringify(left.links.find((l) => l.newId === id));
      if (refused(found.error ?? []) !== refused(errors)) {
        if (this.isKnownOfLink(id, found.error ?? [], errors)) continue;
        this.differ("validation errors", list(found.error ?? []), list(errors), { text, also: `${JSON.stringify(found)} ${list(warnings)}` });
      }
      const impossible = warnings.filter((m) => /impossible|unable to find an applicable action/.test(m));
      const oursImpossible = [...(found.impossible ?? []), ...(found.inapplicable ?? [])];
      if (refused(errors) || refused(found.error ?? [])) continue;
      if (refused(oursImpossible) !== refused(impossible)) {
        this.differ("impossible policies", list(oursImpossible), list(warnings), { text });
      }
    }
  }

  // An entity in a slot must exist in its enumerated type.
  isKnownOfLink(id, ours, theirs) {
    const known = this.left.links.some((l) => l.newId === id) && !refused(theirs) && ours.every((m) => /^`.*` has no entity ".*"$/.test(m));
    if (known) this.known("an enumerated entity in a slot");
    return known;
  }

  requests() {
    this.world.requests.forEach((request, i) => this.request(request, this.ours.requests[i], i));
  }
  request(request, ours, index) {
    const { statistics, world } = this;
    const where = { request: index };
    statistics.cases += 1;
    const plain = reference.parseContext(request.context);
    if (this.bothAccept("context", ours.contextComplaints, plain, where) && this.plainEntities) {
      this.decision("decision", ours.plain, reference.decide(request, world.entities, false), where);
      statistics[ours.plain.decision] += 1;
      if (ours.plain.errors.length > 0) statistics.withErrors += 1;
      if (ours.plain.reason.length > 0) statistics.withReasons += 1;
      if (index === this.number % 48) this.partial(request, ours.partial, index);
    }
    const typed = { ...request, context: request.typedContext };
    const theirs = reference.decide(typed, "[]", true);
    const complaints = [...ours.typedContextComplaints, ...(ours.requestComplaints ?? [])];
    if (refused(complaints)) statistics.invalidRequests += 1;
    if (!this.bothAccept("request", complaints, theirs.complaints, where)) return;
    this.decision("decision without entities", ours.withoutEntities, theirs, where);
    // The entities cost most, and are the same for all.
    if (this.checkedEntities && index < 2) {
      statistics.checked += 1;
      this.decision("decision with schema", ours.checked, reference.decide(typed, world.typedEntities, true), where);
    }
  }
  // What is certain there is the same here, where more is certain.
  partial(request, ours, index) {
    const asked = { ...request };
    if (index % 3 !== 1) asked.principal = null;
    if (index % 3 !== 0) asked.resource = null;
    const theirs = reference.decidePartially(asked, this.world.entities, this.set);
    if (refused(theirs.complaints)) return this.differ("partial", "answers", accepts(theirs.complaints), { request: index });
    this.statistics.partial += 1;
    const verdict = ({ satisfied, errors, residuals }, id) => {
      if (satisfied.includes(id)) return "satisfied";
      return errors.includes(id) ? "errs" : (residuals[id] ?? "not satisfied");
    };
    const open = Object.fromEntries(theirs.residuals.map((id) => [id, "open"]));
    const names = [...Object.keys(this.left.policies), ...this.left.links.map((l) => l.newId)];
    for (const id of names) {
      const [mine, other] = [verdict(ours, id), verdict({ ...theirs, residuals: open }, id)];
      if (mine === other) continue;
      if (other === "open") this.known("certain here, open there");
      else this.differ("partial", mine, other, { request: index, text: this.left.policies[id] ?? "" });
    }
    if (theirs.decision && ours.decision !== theirs.decision)
      this.differ("partial decision", ours.decision, theirs.decision, { request: index });
  }
  decision(kind, ours, theirs, where) {
    if (refused(theirs.complaints)) return this.differ(kind, "answers", accepts(theirs.complaints), where);
    const text = (a) => `${a.decision}, because of ${list(sorted(a.reason))}, errors in ${list(sorted(a.errors))}`;
    if (text(ours) !== text(theirs)) this.differ(kind, text(ours), text(theirs), { ...where, also: theirs.messages.join("; ") });
  }
}
